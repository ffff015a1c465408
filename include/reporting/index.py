"""The page that lists what there is to read: data quality, features, champions, revalidations, cross-validations."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from include.config.files import system_names
from include.core.errors import PerpetuaError
from include.core.paths import Home
from include.reporting.cross_validation_result import all_cross_validations, sentence
from include.reporting.verdict import all_results
from include.training.champion import Champion, read_champion

# reports come from disk, so their text is other people's: everything is escaped
_TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)


def index_page(home: Home) -> str:
    """Return the page as HTML; links are relative to the page's own address."""
    champions = {name: _champion(home, name) for name in system_names()}
    has_quality = (home.data_quality / "index.html").is_file()
    feature_sets = sorted(page.parent.name for page in home.feature_reports.glob("*/index.html"))
    return _TEMPLATES.get_template("index.html").render(
        results=all_results(home),
        cross_validations=all_cross_validations(home),
        sentence=sentence,
        champions=champions,
        has_quality=has_quality,
        has_lake=(home.data_quality / "lake.html").is_file(),
        feature_sets=feature_sets,
    )


def _champion(home: Home, system: str) -> Champion | str | None:
    """Return the champion, None where none was promoted, or what is wrong with its record: the page stands anyway."""
    try:
        return read_champion(home, system)
    except PerpetuaError as error:
        return str(error)
