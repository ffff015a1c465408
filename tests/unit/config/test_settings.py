from pathlib import Path

import pytest
from pydantic import ValidationError

from include.config.settings import Settings, load_settings
from include.core.errors import ConfigurationError
from include.core.paths import REPOSITORY


def test_the_default_is_the_sandbox_with_the_fast_profile(settings: Settings) -> None:
    assert settings.is_sandbox
    assert settings.profile.candles_per_symbol == 2200
    assert settings.profile.total_timesteps == 20_480
    assert len(settings.universe.symbols) == 62


def test_settings_come_from_the_environment_and_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_PROFILE", "full")
    settings = load_settings()
    assert settings.profile.candles_per_symbol is None
    with pytest.raises(ValidationError):
        settings.mode = "live"  # type: ignore[misc]  # the case under test


def test_an_unknown_setting_is_refused_with_the_nearest_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_MOED", "live")
    with pytest.raises(
        ConfigurationError, match=r"`PERPETUA_MOED` is not a setting, was 'live'. Hint: did you mean PERPETUA_MODE"
    ):
        load_settings()


def test_a_bad_value_names_the_setting_and_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_AIRFLOW_PORT", "70000")
    with pytest.raises(ConfigurationError, match=r"`PERPETUA_AIRFLOW_PORT` .*65535, was '70000'"):
        load_settings()


def test_sandbox_mode_points_every_endpoint_at_loopback(settings: Settings) -> None:
    assert settings.endpoint("exchange") == settings.endpoint("slack") == "http://127.0.0.1:8971"


@pytest.mark.parametrize(
    "url", ["https://fapi.binance.com", "http://10.0.0.1", "http://localhost.evil.example", "ftp:x"]
)
def test_sandbox_mode_refuses_a_url_that_is_not_loopback(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PERPETUA_EXCHANGE_URL", url)
    with pytest.raises(ConfigurationError, match="`PERPETUA_EXCHANGE_URL` must be a loopback URL in sandbox mode"):
        load_settings().endpoint("exchange")


def test_live_mode_leaves_the_clients_their_own_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_MODE", "live")
    assert load_settings().endpoint("exchange") is None


def test_secrets_do_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_SLACK_TOKEN", "xoxb-secret")
    assert "xoxb-secret" not in repr(load_settings())


def test_an_empty_path_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_SANDBOX_DATA", "")
    assert load_settings().sandbox_data is None


def test_the_example_lists_every_setting() -> None:
    example = (REPOSITORY / ".env.example").read_text(encoding="utf-8")
    listed = {
        line.lstrip("# ").split("=")[0] for line in example.splitlines() if line.lstrip("# ").startswith("PERPETUA_")
    }
    fields = {
        str(field.validation_alias or f"PERPETUA_{name.upper()}") for name, field in Settings.model_fields.items()
    }
    assert listed == fields


def test_the_home_is_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_HOME", "some/where")
    assert load_settings().home.root == Path("some/where").resolve()
