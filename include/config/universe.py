"""The perpetuals that a deployment works on."""

from pathlib import Path

from pydantic import Field, field_validator

from include.config.files import read_yaml
from include.config.model import Config, parse
from include.core import symbols as spellings
from include.core.errors import ConfigurationError, InvalidInputError

DEFAULT = Path(__file__).parent / "universe.yaml"


class Universe(Config):
    """Venue and unified symbols, in order, each once."""

    venue: str
    symbols: tuple[str, ...] = Field(min_length=1)

    @field_validator("symbols")
    @classmethod
    def _unified_and_unique(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        for symbol in symbols:
            try:
                spellings.slug(symbol)
            except InvalidInputError as error:
                raise ValueError(str(error)) from error
        if len(set(symbols)) != len(symbols):
            raise ValueError("must name each symbol once")
        return symbols


def load_universe(source: str | None = None) -> Universe:
    """Return the universe of `source`: a YAML file, a comma list of symbols, or None for the default 62."""
    if source and not source.endswith((".yaml", ".yml")):
        symbols = [part.strip() for part in source.split(",") if part.strip()]
        return parse(Universe, {"venue": load_universe().venue, "symbols": symbols}, "universe")
    path = Path(source) if source else DEFAULT
    return parse(Universe, read_yaml(path), str(path))


def select(universe: Universe, wanted: str) -> tuple[str, ...]:
    """Return the symbols that `wanted` names: `all` or a comma list, each one of the universe."""
    if wanted == "all":
        return universe.symbols
    chosen = tuple(part.strip() for part in wanted.split(",") if part.strip())
    unknown = [symbol for symbol in chosen if symbol not in universe.symbols]
    if unknown or not chosen:
        raise ConfigurationError(
            f"`symbols` must be `all` or symbols of the universe, was {wanted!r} "
            f"(unknown: {', '.join(unknown) or 'none named'}). Hint: spell them as ccxt does, BTC/USDT:USDT."
        )
    return chosen
