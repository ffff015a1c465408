"""The Python examples of the documents run as they stand, on recorded candles."""

import re
from pathlib import Path
from typing import Any

import pytest

from include.config.settings import load_settings
from include.config.system import load_system
from include.core.paths import REPOSITORY
from include.features.freeze_file import freeze_file
from tests.support.recorded import recorded

# five more than the twenty that always may be inactive, as docs/environments.md names them
ACCEPTED = re.compile(r"--accept-inactive \\\s+(\S+)")
SHADOW_ID, PHASE4_ID = "0eeb008188c5acb3", "0bebb8d54618a2f9"


pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("klines_1m.parquet", "klines_4h.parquet"):
        (tmp_path / name).symlink_to(recorded(name))
    monkeypatch.chdir(tmp_path)


def text_of(name: str) -> str:
    return (REPOSITORY / "docs" / name).read_text(encoding="utf-8")


def played(text: str) -> dict[str, Any]:
    """Run the Python blocks of a document one after the other and return their names."""
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, names)  # our own documents
    return names


def test_the_environments_are_made_played_and_drawn(tmp_path):
    text = text_of("environments.md")
    accepted = ACCEPTED.search(text)
    assert accepted is not None
    settings = load_settings()
    minutes = freeze_file(settings, load_system("shadow"), Path("klines_1m.parquet"))
    hours = freeze_file(settings, load_system("phase4"), Path("klines_4h.parquet"), accepted[1].split(","))

    names = played(text.replace(SHADOW_ID, minutes.id).replace(PHASE4_ID, hours.id))

    assert names["envs"].num_envs == 64
    assert len(names["env"].episode.equity) > 1
    assert (tmp_path / "episode.png").read_bytes().startswith(b"\x89PNG")
    assert "BTC/USDT:USDT" in names["always_long"].symbols
    assert (names["again"].equity == names["always_long"].equity).all()
    assert names["dear"].fees_usd > 2 * names["again"].fees_usd
    assert names["late"].portfolio_equity[-1] != names["again"].portfolio_equity[-1]
    assert names["sharpe"].shape == (100,)


def test_features_are_computed_from_candles_alone():
    features = played(text_of("data-dictionary.md"))["features"]

    assert features.shape[1] == 94
    assert features["f_price_return_1"].notna().sum() == len(features) - 1
