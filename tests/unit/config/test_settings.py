from pathlib import Path

import pytest
from pydantic import ValidationError

from include.config.settings import ENV_FILE, Settings, load_settings
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
        ConfigurationError, match=r"`PERPETUA_MOED` is not a setting\. Hint: did you mean PERPETUA_MODE\?"
    ):
        load_settings()


def test_a_bad_value_names_the_setting_and_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_AIRFLOW_PORT", "70000")
    with pytest.raises(ConfigurationError, match=r"`PERPETUA_AIRFLOW_PORT` .*65535, was '70000'"):
        load_settings()


def test_sandbox_mode_points_every_endpoint_at_loopback(settings: Settings) -> None:
    assert settings.endpoint("exchange") == settings.endpoint("slack") == "http://127.0.0.1:8971"


@pytest.mark.parametrize(
    "url", ["https://fapi.binance.com", "http://10.0.0.1", "http://localhost.evil.example", "ftp:x", "http://167772161"]
)
def test_sandbox_mode_refuses_a_url_that_is_not_loopback(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PERPETUA_EXCHANGE_URL", url)
    with pytest.raises(ConfigurationError, match="`PERPETUA_EXCHANGE_URL` must be a loopback URL in sandbox mode"):
        load_settings().endpoint("exchange")


def test_sandbox_mode_reaches_the_services_of_its_own_network_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_SANDBOX_HOST", "sandbox")
    assert load_settings().endpoint("exchange") == "http://sandbox:8971"


@pytest.mark.parametrize("host", ["0.0.0.0", "fapi.binance.com", "10.0.0.1", ""])
def test_the_sandbox_listens_on_loopback_or_under_a_name_of_its_network(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("PERPETUA_SANDBOX_HOST", host)
    with pytest.raises(ConfigurationError, match="`PERPETUA_SANDBOX_HOST`"):
        load_settings()


def test_the_env_file_may_hold_what_docker_compose_alone_reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("POSTGRES_PASSWORD=secret\nPERPETUA_SEED=7\n")
    monkeypatch.setenv("PERPETUA_ENV_FILE", str(tmp_path / "env"))
    assert load_settings().seed == 7


def test_runs_are_mirrored_to_the_home_to_a_server_of_this_machine_or_nowhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert load_settings().mlflow_tracking is None
    monkeypatch.setenv("PERPETUA_MLFLOW_URL", "")
    assert load_settings().mlflow_tracking == f"sqlite:///{tmp_path.resolve()}/home/mlflow.db"
    monkeypatch.setenv("PERPETUA_MLFLOW_URL", "http://127.0.0.1:5000")
    assert load_settings().mlflow_tracking == "http://127.0.0.1:5000"
    monkeypatch.setenv("PERPETUA_MLFLOW_URL", "https://mlflow.example")
    with pytest.raises(ConfigurationError, match="`PERPETUA_MLFLOW_URL` must be a loopback URL in sandbox mode"):
        load_settings().mlflow_tracking  # noqa: B018  # reading it is the case under test
    monkeypatch.setenv("PERPETUA_MODE", "live")
    assert load_settings().mlflow_tracking == "https://mlflow.example"


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
    assert len(fields) > 20


def test_a_file_of_settings_is_read_and_a_typing_error_in_it_does_not_show_its_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "mine.env"
    monkeypatch.setenv(ENV_FILE, str(file))
    file.write_text("PERPETUA_SEED=7\n", encoding="utf-8")
    assert load_settings().seed == 7
    file.write_text("PERPETUA_SLACKTOKEN=xoxb-secret\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="`PERPETUA_SLACKTOKEN` is not a setting") as caught:
        load_settings()
    assert "xoxb-secret" not in str(caught.value)


def test_a_mistyped_name_in_the_environment_does_not_show_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_SLACKTOKEN", "xoxb-secret")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "xoxb-secret" not in str(caught.value)


def test_a_home_must_be_a_local_folder_and_an_empty_one_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_HOME", "s3://bucket/home")
    with pytest.raises(
        ConfigurationError, match=r"`PERPETUA_HOME` .*must be a folder of this machine, was 's3://bucket"
    ):
        load_settings()
    monkeypatch.setenv("PERPETUA_HOME", "")
    assert load_settings().home.root == REPOSITORY / "var"


def test_the_home_is_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_HOME", "some/where")
    assert load_settings().home.root == Path("some/where").resolve()


def test_the_lake_is_a_folder_of_the_home_another_folder_or_an_object_store(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path.resolve() / "home"
    found = {}
    for given in ("", str(tmp_path / "other"), f"file://{tmp_path}/a%20b", "s3://bucket/prefix/"):
        monkeypatch.setenv("PERPETUA_LAKE", given)
        found[given] = load_settings().lake_location
    assert list(found.values()) == [
        str(home / "lake"), str(tmp_path.resolve() / "other"), str(tmp_path.resolve() / "a b"), "s3://bucket/prefix",
    ]  # fmt: skip


@pytest.mark.parametrize("given", ["ftp://host/lake", "s3://", "file://relative/lake"])
def test_a_lake_that_is_no_place_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("PERPETUA_LAKE", given)
    with pytest.raises(ConfigurationError, match=r"`PERPETUA_LAKE` .*must .*such as"):
        load_settings()
