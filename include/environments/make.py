"""The one way to make an environment of a trading system."""

from collections.abc import Sequence
from typing import Any

import gymnasium

from include.config.system import SystemConfig, load_system
from include.core.errors import InvalidInputError
from include.environments.phase4.env import Phase4Env
from include.environments.phase4.windows import unbroken_runs
from include.features.dataset import Dataset, Split, SymbolSeries

FACES = {"phase4": Phase4Env}


def make_env(
    system: str | SystemConfig,
    dataset: Dataset,
    split: Split,
    *,
    seed: int | None = None,
    symbols: Sequence[str] | None = None,
    deterministic: bool = False,
    episode_length: int | None = None,
) -> gymnasium.Env[Any, Any]:
    """Return the Gymnasium environment of `system` over one split of `dataset`.

    Parameters
    ----------
    system : str or SystemConfig
        Name of a system, or its configuration.
    dataset : Dataset
        Frozen dataset of the system.
    split : {"train", "validation", "test"}
        Rows to play; others are never seen, but the history before them warms up the stress level.
    seed : int or None
        Seed of the first `reset` that is given none.
    symbols : sequence of str or None
        Symbols to play; None takes those of the system, or all that have rows in the split.
    deterministic : bool
        True replays one path, the first row of the first symbol; False draws symbol and row.
    episode_length : int or None
        Steps until truncation; None takes the system's, or with `deterministic` the whole run of rows.

    Raises
    ------
    InvalidInputError
        Unknown system or split, a timeframe unlike the dataset's, a symbol without two consecutive
        rows in the split, or an `episode_length` below 1.
    """
    config = load_system(system) if isinstance(system, str) else system
    if config.name not in FACES:
        raise InvalidInputError(f"`system` must be one of {', '.join(FACES)}, was {config.name!r}.")
    if config.timeframe != dataset.info.timeframe:
        raise InvalidInputError(
            f"`dataset` must have the system's timeframe {config.timeframe}, was {dataset.info.timeframe}."
        )
    playable = _playable(dataset.split(split))
    whole = max((len(series) for series in playable.values()), default=1)
    length = episode_length if episode_length is not None else whole if deterministic else config.episode_length
    if length < 1:
        raise InvalidInputError(f"`episode_length` must be at least 1, was {length}.")
    return FACES[config.name](
        config,
        dataset,
        split,
        symbols=_chosen(symbols or config.symbols, playable, split),
        deterministic=deterministic,
        episode_length=length,
        seed=seed,
    )


def _playable(series: dict[str, SymbolSeries]) -> dict[str, SymbolSeries]:
    return {symbol: rows for symbol, rows in series.items() if unbroken_runs(rows)}


def _chosen(wanted: Sequence[str] | None, playable: dict[str, SymbolSeries], split: Split) -> tuple[str, ...]:
    chosen = tuple(playable) if wanted is None else tuple(wanted)
    missing = [symbol for symbol in chosen if symbol not in playable]
    if missing or not chosen:
        raise InvalidInputError(
            f"`symbols` must have two consecutive rows in split {split!r}, was {', '.join(missing) or 'none'}. "
            f"Hint: {len(playable)} symbols do."
        )
    return chosen
