"""The fault plan: which requests meet which fault. What a fault does is in `answers` and `rows`."""

from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import Field, field_validator, model_validator

from include.config.files import read_yaml
from include.config.model import Config, parse
from include.core.errors import ConfigurationError

# instead of an answer, or of a document
ANSWER_KINDS = (
    "rate_limited", "banned", "server_error", "blocked", "maintenance", "timeout", "reset",
    "half_body", "bad_json", "html", "null",
)  # fmt: skip
# rows of a page, which otherwise comes as it is
ROW_KINDS = (
    "empty_page", "stuck", "duplicates", "conflicts", "disorder", "deleted", "revised",
    "nan", "infinite", "negative", "spike",
)  # fmt: skip
# for as long as the plan holds
STANDING_KINDS = ("frozen", "delisted", "renamed", "clock_skew")
KINDS = (*ANSWER_KINDS, *ROW_KINDS, *STANDING_KINDS)
# what `seconds` is when a rule does not name it
SECONDS = MappingProxyType({"rate_limited": 1.0, "banned": 2.0, "timeout": 30.0})
_WITH_ROWS = ("duplicates", "conflicts", "deleted", "revised", "nan", "infinite", "negative", "spike")
_OPTIONS = MappingProxyType(
    {
        "seconds": (*SECONDS, "clock_skew"),
        "status": ("server_error",),
        "rows": _WITH_ROWS,
        "factor": ("spike",),
        "first_ms": ("deleted",),
        "last_ms": ("deleted",),
        "to": ("renamed",),
    }
)
_REQUIRED = MappingProxyType({"clock_skew": "seconds", "renamed": "to"})


class Rule(Config):
    """One fault, and the requests that meet it.

    Parameters
    ----------
    fault : str
        Its kind.
    path : str
        Beginning of the path of a request.
    symbol : str or None
        The venue's symbol (`BTCUSDT`) that a request names; None: any, or none.
    share : float
        Share of those requests, drawn for each by the plan's seed.
    after : int
        How many of one and the same request are answered well first.
    each : int or None
        Most faults of one and the same request (path and parameters).
    times : int or None
        Most faults in all.
    seconds : float or None
        `rate_limited`, `banned`: the wait; `timeout`: the silence; `clock_skew`: what the exchange's clock is ahead.
    status : int
        HTTP status of `server_error`.
    rows : int
        How many rows of a page are spoiled.
    factor : float
        What `spike` multiplies prices by.
    first_ms, last_ms : int or None
        `deleted`: all rows from the first to the last event time instead of `rows` drawn ones.
    to : str or None
        New symbol of `renamed`.
    """

    fault: str
    path: str = Field(default="/", pattern=r"^/")
    symbol: str | None = Field(default=None, min_length=1)
    share: float = Field(default=1.0, gt=0, le=1)
    after: int = Field(default=0, ge=0)
    each: int | None = Field(default=None, gt=0)
    times: int | None = Field(default=None, gt=0)
    seconds: float | None = None
    status: int = Field(default=503, ge=500, le=599)
    rows: int = Field(default=1, gt=0)
    factor: float = Field(default=10.0, gt=0)
    first_ms: int | None = None
    last_ms: int | None = None
    to: str | None = Field(default=None, min_length=1)

    @field_validator("fault")
    @classmethod
    def _is_known(cls, fault: str) -> str:
        if fault not in KINDS:
            raise ValueError(f"must be one of {', '.join(KINDS)}")
        return fault

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Rule":
        for option, kinds in _OPTIONS.items():
            if option in self.model_fields_set and self.fault not in kinds:
                raise ValueError(f"`{option}` belongs to {', '.join(kinds)}, was given to {self.fault}")
        missing = _REQUIRED.get(self.fault)
        if missing and getattr(self, missing) is None:
            raise ValueError(f"`{missing}` must be given for {self.fault}")
        if self.fault in ("delisted", "renamed") and self.symbol is None:
            raise ValueError(f"`symbol` must be given for {self.fault}")
        if (self.first_ms is None) != (self.last_ms is None):
            raise ValueError("`first_ms` and `last_ms` must be given together")
        if self.fault != "clock_skew" and self.seconds is not None and self.seconds <= 0:
            raise ValueError(f"`seconds` must be above 0, was {self.seconds:g}")
        return self

    @property
    def wait_seconds(self) -> float:
        """`seconds`, or what is usual for the kind."""
        return SECONDS[self.fault] if self.seconds is None else self.seconds


class FaultPlan(Config):
    """Rules, and the seed of all that is drawn. Of several faults that a request could meet it meets one."""

    seed: int = 0
    rules: tuple[Rule, ...] = ()


def load_plan(source: Path) -> FaultPlan:
    """Return the plan of a YAML or JSON file.

    Raises
    ------
    ConfigurationError
        There is no such file, it is no YAML document, or a rule is broken.
    """
    return plan_of(read_yaml(source), str(source))


def parse_plan(text: str) -> FaultPlan:
    """Return the plan of a YAML or JSON text; a broken one raises `ConfigurationError`."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"The fault plan must be a YAML or JSON document: {error}") from None
    return plan_of(document, "fault plan")


def plan_of(document: Any, source: str) -> FaultPlan:
    """Return the plan of a document from `source`; a broken one raises `ConfigurationError`."""
    if not isinstance(document, dict):
        raise ConfigurationError(
            f"{source}: a fault plan must be a mapping of `seed` and `rules`, was {type(document).__name__}. "
            "Hint: {seed: 7, rules: [{fault: rate_limited, path: /fapi/v1/klines, share: 0.1}]}."
        )
    return parse(FaultPlan, document, source)
