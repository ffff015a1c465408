import re
from pathlib import Path

from include.core.columns import TABLES
from include.features import dictionary
from include.features.alignment import MAXIMUM_AGE
from include.features.registry import FEATURE_SETS, feature_set

# in the order of its table; open interest stands for three sources of one age
SOURCES_OF_THE_PAGE = (
    "funding_rates",
    "open_interest",
    "fear_greed",
    "macro_daily",
    "macro_weekly",
    "macro_monthly",
    "reference",
)


def test_the_document_is_what_the_definitions_render():
    assert dictionary.TARGET.read_text(encoding="utf-8") == dictionary.render(), (
        "docs/data-dictionary.md is stale. Hint: python -m include.features.dictionary"
    )


def test_every_table_column_and_feature_has_its_row():
    text = dictionary.render()
    for table in TABLES.values():
        assert f"### `{table.name}`" in text
        assert all(f"| `{column.name}` | {column.type} |" in text for column in table.columns)
    for chosen in FEATURE_SETS.values():
        assert all(f"| `{spec.name}` |" in text for spec in chosen.specs)


def test_a_feature_of_another_source_says_when_it_is_known_and_how_old_it_may_be():
    row = next(line for line in dictionary.render().splitlines() if "| `f_macro_dollar_z_days_20` |" in line)
    assert "22:00 UTC of the following Monday; at most 10 d old; the vintage known then" in row


def test_rows_of_the_feature_table_have_as_many_cells_as_its_head():
    rows = [line for line in dictionary.render().splitlines() if line.startswith("| `f_") and "`f_…`" not in line]
    assert {line.replace("\\|", "").count("|") for line in rows} == {9}


def test_the_page_on_coverage_names_features_that_exist_and_the_ages_that_hold():
    page = (dictionary.TARGET.parent / "coverage.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(f_\w+)`", page))
    assert len(named) == 13
    assert named <= set(feature_set("market94").names)
    told = [
        re.split(r" *\| *", line)[2] for line in page.partition("How long")[2].splitlines() if line.startswith("| ")
    ]
    ages = [MAXIMUM_AGE[source] for source in SOURCES_OF_THE_PAGE]
    hours = [f"{age.total_seconds() / 3600:g} h" for age in ages]
    assert told[1:] == [
        "0" if not age else f"{age.days} d" if age.days else hour for age, hour in zip(ages, hours, strict=True)
    ]


def test_write_puts_it_where_it_is_told(tmp_path: Path):
    dictionary.write(tmp_path / "dictionary.md")
    assert (tmp_path / "dictionary.md").read_text(encoding="utf-8") == dictionary.render()
