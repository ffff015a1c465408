import pytest

from include.config.settings import load_settings
from include.core.errors import ConfigurationError
from include.orchestration.up import preflight


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"PERPETUA_SYSTEM": "phase9"}, "`system` must be one of phase4"),
        ({"PERPETUA_CAMPAIGN": "/nowhere.yaml"}, "nowhere.yaml` does not exist"),
        ({"PERPETUA_UNIVERSE": "BTCUSDT"}, "unified perpetual"),
        ({"PERPETUA_MODE": "live"}, "`PERPETUA_SLACK_TOKEN` must be set in live mode"),
        (
            {"PERPETUA_MODE": "live", "PERPETUA_SLACK_TOKEN": "xoxb-1"},
            "`PERPETUA_FRED_API_KEY` must be set in live mode",
        ),
    ],
)
def test_what_would_fail_later_is_refused_before_anything_starts(
    monkeypatch, changes: dict[str, str], message: str
) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=message):
        preflight(load_settings())


def test_the_default_settings_pass() -> None:
    preflight(load_settings())
