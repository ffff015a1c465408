"""The page that lists what there is to read: data quality, features, champions, revalidations."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from include.config.files import system_names
from include.core.errors import PerpetuaError
from include.core.paths import Home
from include.reporting.verdict import RevalidationResult, read_result
from include.training.champion import read_champion

# reports come from disk, so their text is other people's: everything is escaped
_TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)


def index_page(home: Home) -> str:
    """Return the page as HTML; links are relative to the page's own address."""
    results = sorted(_results(home), key=lambda result: result.created_at, reverse=True)
    champions = {name: read_champion(home, name) for name in system_names()}
    has_quality = (home.data_quality / "index.html").is_file()
    feature_sets = sorted(page.parent.name for page in home.feature_reports.glob("*/index.html"))
    return _TEMPLATES.get_template("index.html").render(
        results=results, champions=champions, has_quality=has_quality, feature_sets=feature_sets
    )


def _results(home: Home) -> list[RevalidationResult]:
    folders = home.revalidation("x").parent.glob("*/")
    readable = []
    for folder in folders:
        try:
            readable.append(read_result(folder))
        except PerpetuaError:
            continue  # a result that is being written, or is not one, is not listed
    return readable
