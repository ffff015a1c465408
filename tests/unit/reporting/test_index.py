from include.config.settings import Settings
from include.core.files import write_json
from include.reporting.index import index_page
from tests.unit.training.builders import champion_record


def test_an_empty_home_says_that_nothing_is_there_yet(settings: Settings) -> None:
    page = index_page(settings.home)
    assert "Nothing was validated yet" in page
    assert "No features were built yet" in page
    assert "none was promoted yet" in page
    assert "No model was revalidated yet" in page


def test_quality_pages_are_linked_once_they_exist(settings: Settings) -> None:
    settings.home.data_quality.mkdir(parents=True)
    (settings.home.data_quality / "index.html").touch()
    assert 'href="reports/data_quality/index.html"' in index_page(settings.home)


def test_every_feature_set_with_a_report_is_linked(settings: Settings) -> None:
    for name in ("shadow15", "market94"):
        settings.home.feature_report(name).mkdir(parents=True)
        (settings.home.feature_report(name) / "index.html").touch()
    page = index_page(settings.home)
    assert page.index('href="reports/features/market94/index.html"') < page.index('href="reports/features/shadow15/')


def test_a_folder_that_is_no_result_is_left_out(settings: Settings) -> None:
    folder = settings.home.revalidation("broken")
    folder.mkdir(parents=True)
    (folder / "revalidation_result.json").write_text("{", encoding="utf-8")
    assert "broken" not in index_page(settings.home)


def test_a_champion_is_listed_with_its_expiry(settings: Settings) -> None:
    write_json(settings.home.champion("phase4"), champion_record())
    page = index_page(settings.home)
    assert "<code>phase4-abc</code>" in page
    assert "<td>2026-03-20 00:00 UTC</td>" in page


def test_a_damaged_champion_is_told_and_hides_nothing(settings: Settings) -> None:
    settings.home.champion("phase4").parent.mkdir(parents=True)
    settings.home.champion("phase4").write_text("[1, 2]", encoding="utf-8")
    page = index_page(settings.home)
    assert "is not a champion&#39;s record" in page
    assert "none was promoted yet" in page  # the other system's
    assert "No model was revalidated yet" in page
