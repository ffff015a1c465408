"""`docker-compose.yaml` and `Dockerfile` held against the settings that the code and Airflow read."""

import re
import tomllib
from typing import Any

import pytest
import yaml
from airflow.configuration import conf

from include.config.secrets_file import complete, read
from include.config.settings import ENV_FILE, PREFIX, Settings, load_settings
from include.core.paths import REPOSITORY
from include.orchestration.defaults import Queue
from include.orchestration.stack import airflow_environment
from tests.support.compose import (
    UnsetVariableError,
    document,
    instructions,
    services,
    stage_environment,
    variables,
)

# settings that a deployment in containers has no use for, and why
NOT_PASSED = {
    "PERPETUA_CAMPAIGN": "the campaign is part of the image",
    "PERPETUA_LAKE": "the lake lies in the volume; an object store needs credentials too (docs/deployment.md)",
    "PERPETUA_PACE": "requests keep the venue's limits",
    "PERPETUA_SANDBOX_DATA": "the sandbox makes its market",
    "PERPETUA_SANDBOX_FAULTS": "no faults",
    "PERPETUA_AIRFLOW_PORT": "inside, Airflow's port is fixed",
    "PERPETUA_AIRFLOW_WORKER_LOG_PORT": "Airflow's own",
    "PERPETUA_AIRFLOW_TRIGGERER_LOG_PORT": "Airflow's own",
    "PERPETUA_AIRFLOW_SCHEDULER_HEALTH_PORT": "the API server tells it",
    "PERPETUA_TENSORBOARD_PORT": "no service of this deployment",
    "PERPETUA_MLFLOW_PORT": "inside, MLflow's port is fixed",
}
SECRETS = ("PASSWORD", "SECRET", "KEY", "TOKEN", "PASSWORDS")
AIRFLOW_PARTS = ("prepare", "api-server", "scheduler", "dag-processor", "triggerer", "worker", "trainer")
WORKERS = ("worker", "trainer")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `make up` writes into `.env`."""
    file = tmp_path_factory.mktemp("env") / "env"
    complete(file)
    return read(file)


@pytest.fixture(scope="module")
def started(given: dict[str, str]) -> dict[str, Any]:
    """The services as docker compose would start them."""
    return services(given)


def setting_names() -> set[str]:
    return {str(field.validation_alias or f"{PREFIX}{name.upper()}") for name, field in Settings.model_fields.items()}


def test_what_make_up_writes_is_all_that_the_file_asks_for(given: dict[str, str]) -> None:
    required = {name for name, kinds in variables().items() if "?" in kinds}
    assert required <= set(given)
    for name in required:
        with pytest.raises(UnsetVariableError, match=f"{name}: run make up"):
            services({**given, name: ""})


@pytest.mark.parametrize("part", [*AIRFLOW_PARTS, "sandbox"])
def test_every_setting_is_one_that_the_code_reads_and_is_accepted(
    started: dict[str, Any], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = stage_environment("perpetua") | started[part]["environment"]
    for name, value in environment.items():
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.endpoint("exchange") == "http://sandbox:8971"
    assert settings.mlflow_tracking == "http://mlflow:5000"
    assert settings.airflow_url == "http://127.0.0.1:8080"
    assert {user.name for user in settings.users} >= set(settings.approvers) == {"cto"}


def test_every_setting_reaches_the_tasks_or_is_left_out_for_a_reason(started: dict[str, Any]) -> None:
    passed = {name for name in started["worker"]["environment"] if name.startswith(PREFIX)}
    # people's first passwords are for the service that makes the people
    assert passed == setting_names() - set(NOT_PASSED) - {"PERPETUA_PASSWORDS"}
    holders = {part for part, service in started.items() if "PERPETUA_PASSWORDS" in service.get("environment", {})}
    assert holders == {"prepare"}


def test_what_is_passed_on_from_the_env_file_keeps_its_name() -> None:
    for service in document()["services"].values():
        for name, value in service.get("environment", {}).items():
            if name.startswith(PREFIX) and (match := re.match(r"\$\{(\w+)", str(value))):
                assert match[1] == name


def test_defaults_of_the_file_are_those_of_the_code(started: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in setting_names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(ENV_FILE, "")
    own = load_settings()
    for name, value in started["worker"]["environment"].items():
        monkeypatch.setenv(name, value)
    theirs = load_settings()
    different = {name for name in Settings.model_fields if getattr(own, name) != getattr(theirs, name)}
    assert different == {"home_path", "sandbox_host", "mlflow_url", "public_url", "users", "approvers"}


@pytest.mark.parametrize("part", AIRFLOW_PARTS)
def test_every_option_is_one_that_airflow_or_a_provider_has(started: dict[str, Any], part: str) -> None:
    options = [name for name in started[part]["environment"] if name.startswith("AIRFLOW__")]
    assert options
    known = conf.configuration_description
    for option in options:
        section, name = re.fullmatch(r"AIRFLOW__([A-Z_]+?)__([A-Z_]+)", option).groups()  # type: ignore[union-attr]
        assert name.lower() in known[section.lower()]["options"], option


def test_all_parts_of_airflow_share_one_environment(started: dict[str, Any]) -> None:
    environments = [dict(started[part]["environment"]) for part in AIRFLOW_PARTS]
    for environment in environments:
        environment.pop("PERPETUA_PASSWORDS", None)
    assert all(environment == environments[0] for environment in environments)


def test_what_the_local_stack_sets_too_has_the_same_value(started: dict[str, Any], settings: Settings) -> None:
    local, shared = airflow_environment(settings), started["worker"]["environment"]
    own = {
        "AIRFLOW__API__BASE_URL", "AIRFLOW__API__PORT", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW__CORE__PLUGINS_FOLDER", "AIRFLOW__CORE__EXECUTOR",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "AIRFLOW__CORE__PARALLELISM", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    }  # fmt: skip
    both = {name for name in local.keys() & shared.keys() if name.startswith("AIRFLOW__")}
    assert own <= both
    assert {name: local[name] for name in both - own} == {name: shared[name] for name in both - own}


def test_no_port_is_bound_beyond_loopback(started: dict[str, Any]) -> None:
    ports = {port for service in started.values() for port in service.get("ports", [])}
    assert ports == {"127.0.0.1:8080:8080", "127.0.0.1:5000:5000", "127.0.0.1:8971:8971"}
    assert not any("network_mode" in service or "expose" in service for service in started.values())
    assert document()["networks"]["store"] == {"internal": True}
    assert all(started[part]["networks"] == ["store"] for part in ("postgres", "redis"))


def test_no_password_stands_in_the_file(given: dict[str, str]) -> None:
    secret = [name for name in given if name.rsplit("_", 1)[-1] in SECRETS]
    unset = services({**given, **dict.fromkeys(secret, "«secret»")})
    for part, service in unset.items():
        for name, value in service.get("environment", {}).items():
            kind = name.rsplit("_", 1)[-1]
            if kind in SECRETS and name not in ("PERPETUA_FRED_API_KEY", "PERPETUA_SLACK_TOKEN"):
                assert value == "«secret»", (part, name)
            if "://" in str(value) and "@" in str(value):
                assert re.search(r":«secret»@", value), (part, name)
    for name in secret:
        assert variables()[name] == {"?"}, f"{name} must have no default"


@pytest.mark.parametrize("part", sorted(document()["services"]))
def test_every_service_is_guarded_limited_and_watched(started: dict[str, Any], part: str) -> None:
    service = started[part]
    assert service["user"] not in ("root", "0", 0)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert not service.keys() & {"privileged", "cap_add", "pid", "ipc", "devices"}
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert float(service["cpus"]) > 0
    assert service["pids_limit"] > 0
    assert service["logging"]["options"]["max-size"]
    if part == "prepare":
        assert service["restart"] == "no"
        assert service["healthcheck"] == {"disable": True}  # the image's own is of the API server
    else:
        assert service["restart"] == "unless-stopped"
        assert {"test", "interval", "timeout", "retries"} <= service["healthcheck"].keys()


def test_images_are_pinned_and_our_own_carry_our_version(started: dict[str, Any]) -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    built = [service["image"] for service in started.values() if "build" in service]
    # two builds of one name get into each other's way
    assert sorted(built) == sorted(set(built))
    for service in started.values():
        name, tag = service["image"].split(":")
        if service["image"] in built:
            assert name.startswith("perpetua")
            assert tag == version
        else:
            assert re.fullmatch(r"\d+(\.\d+)+", tag), service["image"]
    bases = [line.split()[1] for line in instructions() if line.startswith("FROM ")]
    stages = [line.split()[3] for line in instructions() if line.startswith("FROM ")]
    outside = [base for base in bases if base not in stages]
    assert len(outside) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", outside[0])
    assert {service["build"]["target"] for service in started.values() if "build" in service} <= set(stages)


def test_every_queue_has_a_worker_and_one_trains_at_a_time(started: dict[str, Any]) -> None:
    commands = {part: started[part]["command"] for part in WORKERS}
    queues = {part: command[command.index("--queues") + 1] for part, command in commands.items()}
    assert queues == {"worker": Queue.DEFAULT, "trainer": Queue.TRAINING}
    assert commands["trainer"][commands["trainer"].index("--concurrency") + 1] == "1"
    assert started["worker"]["environment"]["AIRFLOW__OPERATORS__DEFAULT_QUEUE"] == Queue.DEFAULT


def test_one_home_is_shared_and_every_volume_is_declared(started: dict[str, Any]) -> None:
    assert all("home:/var/lib/perpetua" in started[part]["volumes"] for part in (*AIRFLOW_PARTS, "sandbox"))
    used = {volume.split(":")[0] for service in started.values() for volume in service["volumes"]}
    assert used == set(document()["volumes"])


def test_each_starts_after_what_it_needs(started: dict[str, Any]) -> None:
    for part in set(AIRFLOW_PARTS) - {"prepare"}:
        assert started[part]["depends_on"] == {
            "prepare": {"condition": "service_completed_successfully"},
            "postgres": {"condition": "service_healthy"},
            "redis": {"condition": "service_healthy"},
        }


def test_the_image_runs_as_nobody_special_and_holds_no_secret(given: dict[str, str]) -> None:
    lines = instructions()
    for stage in ("perpetua", "mlflow"):
        start = next(i for i, line in enumerate(lines) if line.endswith(f" AS {stage}"))
        end = next((i for i in range(start + 1, len(lines)) if lines[i].startswith("FROM ")), len(lines))
        assert "USER perpetua" in lines[start:end]
        assert any(line.startswith("HEALTHCHECK ") for line in lines[start:end])
    assert not [line for line in lines if any(name in line for name in given)]
    copied = [
        part for line in lines if line.startswith("COPY ") and "--from" not in line for part in line.split()[1:-1]
    ]
    allowed = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in allowed
    assert {line[1:] for line in allowed if line.startswith("!")} == set(copied)
    assert not any("env" in name for name in copied)


def test_the_image_installs_the_lock_and_nothing_else() -> None:
    installs = [line for line in instructions() if "pip install" in line]
    assert any("--no-deps" in line and "-r /tmp/requirements.lock" in line for line in installs)
    assert all(re.search(r"-r /tmp/requirements[\w-]*\.(lock|txt)$", line) for line in installs)


def test_the_file_is_plain_yaml_without_a_name_that_comes_twice() -> None:
    class Loader(yaml.SafeLoader):
        """Refuses a key that comes twice; YAML takes the last and says nothing."""

    def unique(loader: Any, node: Any) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        assert len(keys) == len(set(keys)), keys
        loader.flatten_mapping(node)
        return dict(loader.construct_pairs(node))

    Loader.add_constructor("tag:yaml.org,2002:map", unique)
    text = (REPOSITORY / "docker-compose.yaml").read_text(encoding="utf-8")
    assert yaml.load(text, Loader)["name"] == "perpetua"
