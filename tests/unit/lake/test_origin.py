from pathlib import Path

import pytest

from include.config.settings import Settings
from include.core.errors import ConfigurationError
from include.lake.origin import claim_home


def lake_of(settings: Settings, content: str | None = None) -> str | None:
    file = settings.home.lake / "table"
    if content is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return file.read_text(encoding="utf-8") if file.exists() else None


def test_another_sandbox_market_finds_an_empty_lake_and_the_first_comes_back_with_its_data(
    settings: Settings, tmp_path: Path
) -> None:
    recorded = settings.model_copy(update={"sandbox_data": tmp_path / "recorded"})
    claim_home(settings)
    lake_of(settings, "synthetic")
    claim_home(recorded)
    assert lake_of(recorded) is None
    lake_of(recorded, "recorded")
    claim_home(settings)
    assert lake_of(settings) == "synthetic"
    claim_home(recorded)
    assert lake_of(recorded) == "recorded"


def test_the_same_market_changes_nothing(settings: Settings) -> None:
    claim_home(settings)
    lake_of(settings, "kept")
    claim_home(settings)
    assert lake_of(settings) == "kept"


def test_another_seed_is_another_market(settings: Settings) -> None:
    claim_home(settings)
    lake_of(settings, "seed 42")
    claim_home(settings.model_copy(update={"seed": 7}))
    assert lake_of(settings) is None


@pytest.mark.parametrize("first", ["live", "sandbox"])
def test_live_and_sandbox_data_refuse_to_share_a_home(settings: Settings, first: str) -> None:
    other = {"live": "sandbox", "sandbox": "live"}[first]
    claim_home(settings.model_copy(update={"mode": first}))
    with pytest.raises(ConfigurationError, match="give live data a home of its own"):
        claim_home(settings.model_copy(update={"mode": other}))


def test_a_lake_outside_the_home_keeps_its_market_and_refuses_another(settings: Settings, tmp_path: Path) -> None:
    elsewhere = settings.model_copy(update={"lake": str(tmp_path / "shared")})
    claim_home(elsewhere)
    claim_home(elsewhere)
    other_home = elsewhere.model_copy(update={"home_path": tmp_path / "second", "seed": 7})
    with pytest.raises(ConfigurationError, match=r"`PERPETUA_LAKE` holds the market 'synthetic, seed 42', and this is"):
        claim_home(other_home)
    claim_home(other_home.model_copy(update={"seed": 42}))
