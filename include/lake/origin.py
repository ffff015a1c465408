"""Which market a home's data came from: two markets never mix in one lake.

Another sandbox market takes the place of the one before it, which is set aside and comes back with its
data. Live data and sandbox data refuse to share a home. A lake outside the home cannot be set aside: it
keeps the name of its market, and every other market is refused. Tables of an older version are brought up to
date by the declared evolution.
"""

import hashlib
import logging
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable

from include.config.settings import Settings
from include.core.errors import ConfigurationError
from include.core.files import read_json, write_json
from include.core.paths import Home
from include.lake.evolve import evolve
from include.lake.lake import Lake

MARKER = "market.json"
# an empty Delta table beside the others, whose description is the market: it is created once, on a folder or a store
LAKE_MARKER = "market"
_LIVE = "live"

logger = logging.getLogger(__name__)


def claim_home(settings: Settings) -> None:
    """Make the home of `settings` hold the data of the market that `settings` points to.

    Raises
    ------
    ConfigurationError
        The home holds live data and the market is a sandbox, or the other way round; or the lake is
        elsewhere and holds another market.
    IntegrityError
        A table differs from this version's in a way that no declared step explains.
    """
    _claim_folders(settings)
    _claim_lake(settings)
    for step in evolve(Lake.of(settings)):
        logger.warning("The lake was brought up to date: %s: %s", step["table"], step["step"])


def _claim_folders(settings: Settings) -> None:
    home, wanted = settings.home, origin_of(settings)
    marker = home.root / MARKER
    held = read_json(marker)["market"] if marker.is_file() else None
    if held == wanted:
        return
    if held is not None:
        if _LIVE in (held, wanted):
            raise ConfigurationError(
                f"`PERPETUA_HOME` holds the market {held!r}, and this is {wanted!r}, was {str(home.root)!r}. "
                "Hint: give live data a home of its own."
            )
        _move(_market_folders(home), _aside(home, held))
        _move(_aside(home, wanted), _market_folders(home))
    write_json(marker, {"market": wanted})


def origin_of(settings: Settings) -> str:
    """Return the name of the market that `settings` points to."""
    if not settings.is_sandbox:
        return _LIVE
    if settings.sandbox_data is None:
        return f"synthetic, seed {settings.seed}"
    return f"recorded, {settings.sandbox_data.expanduser().resolve()}"


def _claim_lake(settings: Settings) -> None:
    location, wanted = settings.lake_location, origin_of(settings)
    if location == str(settings.home.lake):
        return
    marker = f"{location}/{LAKE_MARKER}"
    DeltaTable.create(marker, pa.schema([("market", pa.string())]), mode="ignore", description=wanted)
    held = DeltaTable(marker).metadata().description
    if held != wanted:
        raise ConfigurationError(
            f"`PERPETUA_LAKE` holds the market {held!r}, and this is {wanted!r}, was {location!r}. "
            "Hint: give each market a lake of its own."
        )


def _market_folders(home: Home) -> list[Path]:
    return [home.lake, home.staging, home.features("x").parent, home.datasets, home.runs, home.champion("x").parents[1]]


def _aside(home: Home, origin: str) -> list[Path]:
    folder = home.root / "aside" / hashlib.sha256(origin.encode()).hexdigest()[:12]
    return [folder / path.name for path in _market_folders(home)]


def _move(sources: list[Path], targets: list[Path]) -> None:
    for source, target in zip(sources, targets, strict=True):
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
