import pytest

from include.config.settings import Settings
from include.core.errors import IntegrityError
from include.core.files import write_json
from include.features.pins import pinned_versions


def test_every_version_that_a_dataset_or_feature_set_was_made_from_is_pinned(settings: Settings) -> None:
    home = settings.home
    assert pinned_versions(home) == {}
    write_json(home.dataset("a") / "dataset_info.json", {"lake_versions": {"candles": 3, "macro": 1}, "new": "field"})
    write_json(home.dataset("b") / "dataset_info.json", {"lake_versions": {"candles": 7}})
    write_json(home.features("market94") / "manifest.json", {"lake_versions": {"candles": 7, "fear_greed": 2}})
    assert pinned_versions(home) == {"candles": {3, 7}, "macro": {1}, "fear_greed": {2}}


@pytest.mark.parametrize("content", ["{", "{}"])
def test_a_description_that_cannot_be_read_stops_the_removal_of_anything(settings: Settings, content: str) -> None:
    source = settings.home.dataset("a") / "dataset_info.json"
    source.parent.mkdir(parents=True)
    source.write_text(content, encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"dataset_info\.json"):
        pinned_versions(settings.home)
