from pathlib import Path

from include.core.columns import TABLES
from include.features import dictionary
from include.features.registry import feature_set


def test_the_document_is_what_the_definitions_render():
    assert dictionary.TARGET.read_text(encoding="utf-8") == dictionary.render(), (
        "docs/data-dictionary.md is stale. Hint: python -m include.features.dictionary"
    )


def test_every_table_column_and_feature_has_its_row():
    text = dictionary.render()
    for table in TABLES.values():
        assert f"### `{table.name}`" in text
        assert all(f"| `{column.name}` | {column.type} |" in text for column in table.columns)
    assert all(f"| `{spec.name}` |" in text for spec in feature_set("market94").specs)


def test_rows_of_the_feature_table_have_as_many_cells_as_its_head():
    rows = [line for line in dictionary.render().splitlines() if line.startswith("| `f_") and "`f_…`" not in line]
    assert {line.replace("\\|", "").count("|") for line in rows} == {8}


def test_write_puts_it_where_it_is_told(tmp_path: Path):
    dictionary.write(tmp_path / "dictionary.md")
    assert (tmp_path / "dictionary.md").read_text(encoding="utf-8") == dictionary.render()
