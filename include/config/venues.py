"""What each venue grants and how its client is set up, read once from `venues.yaml`."""

from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from include.config.files import read_yaml
from include.config.model import Config, parse
from include.core.errors import ConfigurationError

VENUES = Path(__file__).parent / "venues.yaml"


class Family(Config):
    """One request budget of a venue.

    Parameters
    ----------
    limit : int
        Weight that the venue grants an address within `window_seconds`.
    window_seconds : float
        Length of its window.
    share : float
        Part of the limit that is used.
    burst : float
        Part of the limit that may go at once; the rest is spread evenly over the window.
    """

    limit: int = Field(gt=0)
    window_seconds: float = Field(gt=0)
    share: float = Field(gt=0, le=1)
    burst: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _burst_fits(self) -> "Family":
        if self.burst > self.share:
            raise ValueError(f"`burst` must not exceed `share`, was {self.burst} of {self.share}")
        return self

    @property
    def usable(self) -> float:
        """Weight that may be used in any span of `window_seconds`."""
        return self.limit * self.share

    @property
    def seconds_per_weight(self) -> float:
        """Distance of two requests of weight 1 at an even pace."""
        return self.window_seconds / self.usable

    @property
    def burst_seconds(self) -> float:
        """How far ahead of the even pace requests may be."""
        return self.limit * self.burst * self.seconds_per_weight


class Opening(Config):
    """What each request that opens the venue draws on."""

    family: str
    weight: int = Field(gt=0)


class Ban(Config):
    """An answer that means "too many requests" without saying 429."""

    status: int
    text: str
    wait_seconds: float = Field(gt=0)


class VenueFacts(Config):
    """One venue; `venues.yaml` says what each entry means."""

    families: dict[str, Family] = Field(min_length=1)
    opening: Opening
    concurrency: int = Field(gt=0)
    timeout_seconds: float = Field(gt=0)
    unnamed_wait_seconds: float = Field(gt=0)
    bans: tuple[Ban, ...] = ()
    unknown_symbol: tuple[str, ...] = ()
    passing_codes: tuple[str, ...] = ()
    options: dict[str, Any] = Field(default_factory=dict)
    has: dict[str, bool] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _opening_is_a_family(self) -> "VenueFacts":
        if self.opening.family not in self.families:
            raise ValueError(f"`opening.family` must be one of {', '.join(self.families)}, was {self.opening.family!r}")
        return self


@cache
def load_venues(source: Path = VENUES) -> dict[str, VenueFacts]:
    """Return the facts of every venue, by ccxt id."""
    return {name: parse(VenueFacts, facts, f"{source.name} {name}") for name, facts in read_yaml(source).items()}


def venue_facts(venue: str) -> VenueFacts:
    """Return the facts of `venue`."""
    venues = load_venues()
    if venue not in venues:
        raise ConfigurationError(f"`venue` must be one of {', '.join(venues)}, was {venue!r}.")
    return venues[venue]
