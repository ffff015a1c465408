"""Settings of one deployment, from `PERPETUA_…` environment variables and `.env`."""

import os
import re
from difflib import get_close_matches
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from include.config.campaign import Campaign, load_campaign
from include.config.files import read_yaml
from include.config.model import Config, parse
from include.config.universe import Universe, load_universe
from include.config.users import User, parse_names, parse_users
from include.core.errors import ConfigurationError
from include.core.paths import REPOSITORY, Home

PREFIX = "PERPETUA_"
# names another file than `.env`; empty reads none
ENV_FILE = f"{PREFIX}ENV_FILE"
MLFLOW_OFF = "off"
# object stores that a lake can live in
STORES = ("s3", "gs", "az", "abfss")
PROFILES = Path(__file__).parent / "profiles.yaml"

EmptyIsNone = BeforeValidator(lambda value: None if value == "" else value)
OptionalPath = Annotated[Path | None, EmptyIsNone]
OptionalText = Annotated[str | None, EmptyIsNone]
LocalPath = Annotated[Path, BeforeValidator(lambda value: _local(value))]
Port = Annotated[int, Field(ge=1, le=65535)]


class Profile(Config):
    """How much of the work a run does; None means all of it, as the system's YAML says.

    `disk_gb` and `memory_gb` are what the pre-training checklist wants free.
    """

    candles_per_symbol: int | None = Field(gt=0)
    total_timesteps: int | None = Field(gt=0)
    null_draws: int = Field(gt=0)
    disk_gb: float = Field(ge=0)
    memory_gb: float = Field(ge=0)


class Settings(BaseSettings):
    """Frozen settings of one deployment.

    Every field is read from `PERPETUA_<FIELD>`, first from the environment, then from `.env`.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    mode: Literal["sandbox", "live"] = "sandbox"
    home_path: LocalPath = Field(default=REPOSITORY / "var", validation_alias="PERPETUA_HOME")
    # a folder or a URL such as s3://bucket/prefix; None is the folder `lake` of the home
    lake: Annotated[str | None, EmptyIsNone, BeforeValidator(lambda value: _location(value))] = None
    sandbox_data: OptionalPath = None
    sandbox_faults: OptionalPath = None
    universe_source: OptionalText = Field(default=None, validation_alias="PERPETUA_UNIVERSE")
    profile_name: Literal["fast", "full"] = Field(default="fast", validation_alias="PERPETUA_PROFILE")
    campaign_path: OptionalPath = Field(default=None, validation_alias="PERPETUA_CAMPAIGN")
    # the venue whose perpetuals are traded; further ones are compared with it
    venue: Literal["binanceusdm", "bybit"] = "binanceusdm"
    # venue: requests keep the venue's limits, over all processes of the home; off: as fast as they go
    pace: Literal["venue", "off"] = "venue"
    system: str = "phase4"
    seed: int = 42
    # a training of which no rollout ends for so long is ended, so that a retry resumes it
    training_hang_seconds: float = Field(default=600.0, gt=0, le=600)

    # where the sandbox listens and is reached: loopback, or its name in a network of containers
    sandbox_host: Annotated[str, Field(pattern=r"^(127\.0\.0\.1|[a-z][a-z0-9-]*)$")] = "127.0.0.1"
    sandbox_port: Port = 8971
    sandbox_days_before_end: float = Field(default=7.0, gt=0)
    airflow_port: Port = 8080
    airflow_triggerer_log_port: Port = 8794
    airflow_worker_log_port: Port = 8793
    airflow_scheduler_health_port: Port = 8974

    # people of the local Airflow as NAME:ROLE, separated by commas; empty makes everyone who reaches it an admin
    users: Annotated[tuple[User, ...], NoDecode, BeforeValidator(parse_users)] = ()
    # first passwords of these people as NAME:PASSWORD, for Airflow's own user management
    passwords: SecretStr = SecretStr("")
    # names of Airflow's users who may answer an approval; empty is everyone who may run the DAG
    approvers: Annotated[tuple[str, ...], NoDecode, BeforeValidator(parse_names)] = ()

    tensorboard_port: Port = 6006
    mlflow_port: Port = 5000
    mlflow_url: OptionalText = None

    exchange_url: OptionalText = None
    fear_greed_url: OptionalText = None
    fred_url: OptionalText = None
    fred_api_key: SecretStr = SecretStr("")
    slack_url: OptionalText = None
    slack_token: SecretStr = SecretStr("")
    slack_channel: str = "#perpetua"
    public_url: OptionalText = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # pydantic passes it
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic passes it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment, then `.env`, which holds what docker compose alone reads too."""
        if isinstance(dotenv_settings, DotEnvSettingsSource):
            known = dotenv_settings.env_vars.items()
            dotenv_settings.env_vars = {name: value for name, value in known if name.upper().startswith(PREFIX)}
        return init_settings, env_settings, dotenv_settings

    @model_validator(mode="after")
    def _approvers_can_log_in(self) -> Self:
        unknown = [name for name in self.approvers if name not in {user.name for user in self.users}]
        if self.users and unknown:
            raise ValueError(f"`{PREFIX}APPROVERS` must name people of `{PREFIX}USERS`, was {', '.join(unknown)}")
        return self

    @property
    def home(self) -> Home:
        """Folders of this deployment."""
        return Home(self.home_path.expanduser().resolve())

    @property
    def lake_location(self) -> str:
        """Where the lake's tables are: an absolute folder, or the URL of an object store."""
        return self.lake or str(self.home.lake)

    @property
    def is_sandbox(self) -> bool:
        """True when the outside world is the sandbox."""
        return self.mode == "sandbox"

    @property
    def sandbox_url(self) -> str:
        """Base URL of the sandbox."""
        return f"http://{self.sandbox_host}:{self.sandbox_port}"

    @property
    def airflow_url(self) -> str:
        """Base URL of the local Airflow, as people open it."""
        return self.public_url or f"http://127.0.0.1:{self.airflow_port}"

    @property
    def mlflow_tracking(self) -> str | None:
        """Where runs are mirrored for MLflow: a server, the home's database, or None when "off"."""
        if self.mlflow_url is None:
            return f"sqlite:///{self.home.mlflow_database}"
        if self.mlflow_url == MLFLOW_OFF:
            return None
        if self.is_sandbox:
            require_near(self.mlflow_url, f"{PREFIX}MLFLOW_URL")
        return self.mlflow_url

    @cached_property
    def universe(self) -> Universe:
        """Perpetuals of this deployment."""
        return load_universe(self.universe_source)

    @cached_property
    def profile(self) -> Profile:
        """How much of the work a run does."""
        return parse(Profile, read_yaml(PROFILES)[self.profile_name], f"profile {self.profile_name}")

    @cached_property
    def campaign(self) -> Campaign:
        """The operating campaign."""
        return load_campaign(self.campaign_path)

    def endpoint(self, name: Literal["exchange", "fear_greed", "fred", "slack"]) -> str | None:
        """Return the base URL of an outside system, None for the client's own default.

        In sandbox mode an unset URL is the sandbox, and any URL that may leave the deployment is refused.
        """
        url: str | None = getattr(self, f"{name}_url")
        if not self.is_sandbox:
            return url
        url = url or self.sandbox_url
        require_near(url, f"{PREFIX}{name.upper()}_URL")
        return url


def require_near(url: str, name: str) -> None:
    """Refuse a URL that may leave the deployment: the guard of sandbox mode.

    Near is loopback, and a host name without a dot: a service of the same network of containers, never a public host.
    """
    host = urlsplit(url).hostname or ""
    try:
        is_near = ip_address(host).is_loopback
    except ValueError:
        # a number alone would be an address too, such as 167772161 for 10.0.0.1
        is_near = re.fullmatch(r"[a-z][a-z0-9-]*", host) is not None
    if not is_near:
        raise ConfigurationError(
            f"`{name}` must be a loopback URL in sandbox mode, or a service's name without a dot, was {url!r}. "
            "Hint: set PERPETUA_MODE=live to reach the real service."
        )


def load_settings() -> Settings:
    """Return the settings of the environment; an unknown `PERPETUA_…` name or a bad value is refused."""
    known = [*_environment_names(), ENV_FILE]
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" Hint: did you mean {near[0]}?" if near else " Hint: .env.example lists them all."
            # its value is not shown: a mistyped name may hold a token
            raise ConfigurationError(f"`{name}` is not a setting.{hint}")
    try:
        return Settings(_env_file=_env_file())
    except ValidationError as error:
        rules = "; ".join(_rule(e) for e in error.errors())
        # the cause would repeat the values of unknown names, which may be tokens
        raise ConfigurationError(f"Settings: {rules}. Hint: .env.example explains each.") from None


def _env_file() -> Path | None:
    named = os.environ.get(ENV_FILE)
    return REPOSITORY / ".env" if named is None else Path(named) if named else None


def _rule(error: Any) -> str:
    if not error["loc"]:  # a rule over several settings names them itself
        return str(error["msg"]).removeprefix("Value error, ")
    field = str(error["loc"][0]).upper()
    name = field if field.startswith(PREFIX) else f"{PREFIX}{field}"
    if error["type"] == "extra_forbidden":
        return f"`{name}` is not a setting"
    rule = str(error["msg"]).removeprefix("Value error, ")
    return f"`{name}` {rule[0].lower()}{rule[1:]}, was {error['input']!r}"


def _local(value: Any) -> Any:
    if value == "":
        return REPOSITORY / "var"
    if "://" in str(value):
        raise ValueError("must be a folder of this machine")
    return value


def _location(value: Any) -> Any:
    """Settle `PERPETUA_LAKE`: a folder and a file URL become an absolute folder, other URLs stay."""
    if not isinstance(value, str | Path) or value == "":
        return value
    scheme, separator, rest = str(value).partition("://")
    if not separator:
        return str(Path(value).expanduser().resolve())
    if scheme == "file":
        if not rest.startswith("/"):
            raise ValueError("must name an absolute folder, such as file:///data/lake")
        return str(Path(unquote(rest)).resolve())
    if scheme not in STORES or not rest.strip("/"):
        raise ValueError(f"must be a folder or a URL of {', '.join(STORES)} or file, such as s3://bucket/prefix")
    return str(value).rstrip("/")


def _environment_names() -> list[str]:
    return sorted(
        str(field.validation_alias) if field.validation_alias else f"{PREFIX}{name.upper()}"
        for name, field in Settings.model_fields.items()
    )
