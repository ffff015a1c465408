"""The import order, the places of heavy libraries and the mirror of tests, held on the sources themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ORDER = (
    "core", "config", "lake", "market", "validation", "features", "environments", "evaluation", "training",
    "reporting", "alerts", "orchestration", "cli", "__main__",
)  # fmt: skip
HOMES = {
    "torch": "training",
    "stable_baselines3": "training",
    "sb3_contrib": "training",
    "mlflow": "training",
    "great_expectations": "validation",
    "deltalake": "lake",
    "ccxt": "market",
    "slack_sdk": "alerts",
    "airflow": "orchestration",
}
SOURCES = sorted((ROOT / "include").rglob("*.py"))


def imports(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package(source: Path) -> str:
    return source.relative_to(ROOT / "include").parts[0].removesuffix(".py")


def test_the_architecture_test_sees_every_package() -> None:
    assert len(SOURCES) > 50
    assert {package(source) for source in SOURCES} - {"__init__"} <= {*ORDER, "sandbox"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_stands_before_it(source: Path) -> None:
    here = package(source)
    for name in imports(source):
        parts = name.split(".")
        if parts[0] != "include" or here == "__init__":
            continue
        there = parts[1]
        if here == "sandbox":
            assert there in ("core", "config", "sandbox"), f"sandbox imports {name}"
        elif there == "sandbox":
            assert here == "cli", f"{here} imports {name}"
        else:
            assert ORDER.index(there) <= ORDER.index(here), f"{here} imports {name}, which stands after it"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_heavy_library_is_imported_only_in_its_home(source: Path) -> None:
    for name in imports(source):
        home = HOMES.get(name.split(".")[0])
        assert home is None or package(source) == home, f"{name} belongs to {home}"


def test_package_files_are_empty_but_the_one_that_callers_import_from() -> None:
    filled = [file for file in (ROOT / "include").rglob("__init__.py") if file.read_text(encoding="utf-8")]
    assert filled == [ROOT / "include" / "environments" / "__init__.py"]


def test_every_unit_test_mirrors_a_source() -> None:
    unit = ROOT / "tests" / "unit"
    orphans = []
    for test in unit.rglob("test_*.py"):
        source = ROOT / "include" / test.relative_to(unit).with_name(test.name.removeprefix("test_"))
        if not source.exists() and not source.with_suffix("").is_dir():
            orphans.append(str(test.relative_to(ROOT)))
    assert orphans == []
