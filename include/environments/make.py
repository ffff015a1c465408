"""The one way to make the environments of a trading system, one by one or as a batch."""

from collections.abc import Sequence
from typing import Any, Literal

import gymnasium

from include.config.system import SystemConfig
from include.core.errors import InvalidInputError
from include.environments.batch import BatchEnv
from include.environments.configuration import configured, sampled
from include.environments.env import Episodes
from include.environments.market import market_of
from include.environments.phase4.batch import PHASE4
from include.environments.phase4.env import Phase4Env
from include.environments.phase4.windows import unbroken_runs
from include.environments.shadow.batch import SHADOW
from include.environments.shadow.env import ShadowEnv
from include.features.dataset import Dataset, Split, SymbolSeries

Purpose = Literal["training", "evaluation"]
FACES = {"phase4": Phase4Env, "shadow": ShadowEnv}
BATCH_FACES = {"phase4": PHASE4, "shadow": SHADOW}


def make_env(
    system: str | SystemConfig,
    dataset: Dataset,
    split: Split,
    *,
    purpose: Purpose | None = None,
    seed: int | None = None,
    symbols: Sequence[str] | None = None,
    deterministic: bool = False,
    episode_length: int | None = None,
    preset: str | None = None,
    is_sampled: bool = False,
    **overrides: Any,
) -> gymnasium.Env[Any, Any]:
    """Return the Gymnasium environment of `system` over one split of `dataset`.

    Parameters
    ----------
    system : str or SystemConfig
        Name of a system ("phase4", "shadow"), or its configuration.
    dataset : Dataset
        Frozen dataset of the system.
    split : {"train", "validation", "test"}
        Rows to play; others are never seen, but the history before them warms up the stress level.
    purpose : {"training", "evaluation"} or None
        What the environment is for. Training refuses the test split. None: random starts are training, a
        deterministic path is evaluation.
    seed : int or None
        Seed of the first `reset` that is given none, and of the sampling.
    symbols : sequence of str or None
        Symbols to play; None takes those of the system, or all that have rows in the split.
    deterministic : bool
        True replays one path, the first row of the first symbol; False draws symbol and row.
    episode_length : int or None
        Steps until truncation; None takes the system's, or with `deterministic` the whole run of rows.
    preset : str or None
        One of the presets of the system.
    is_sampled : bool
        Draw the settings that the system lists under `sampling`, once for this environment.
    **overrides
        Settings of the account or the reward by name, such as ``fee_bps=2.0``, and `lookback`.

    Raises
    ------
    InvalidInputError
        Unknown system, split, preset or override, a `dataset` that is only an id, the test split for training, a
        timeframe unlike the dataset's, a symbol without two consecutive rows in the split, or an `episode_length`
        below 1.
    """
    config = _checked(configured(system, preset, overrides), dataset)
    _require_purpose(purpose, split, deterministic)
    episodes = _episodes(config, dataset, split, symbols, deterministic, episode_length, seed)
    return FACES[config.name](sampled(config, seed) if is_sampled else config, dataset, split, **episodes)


def make_batch(
    system: str | SystemConfig,
    dataset: Dataset,
    split: Split,
    n_envs: int,
    *,
    purpose: Purpose | None = None,
    seed: int | None = None,
    symbols: Sequence[str] | None = None,
    deterministic: bool = False,
    episode_length: int | None = None,
    preset: str | None = None,
    is_sampled: bool = False,
    **overrides: Any,
) -> BatchEnv:
    """Return `n_envs` environments that step together, over one shared copy of the rows.

    Environment i is that of `make_env` with seed + i: it plays the same episodes, step by step.

    Parameters
    ----------
    system, dataset, split, purpose, symbols, deterministic, episode_length, preset, **overrides
        As in `make_env`.
    n_envs : int
        Number of environments.
    seed : int or None
        Environment i has seed + i.
    is_sampled : bool
        Draw the settings that the system lists under `sampling`, once for each environment.

    Raises
    ------
    InvalidInputError
        As `make_env`, or `n_envs` below 1.
    """
    config = _checked(configured(system, preset, overrides), dataset)
    _require_purpose(purpose, split, deterministic)
    if n_envs < 1:
        raise InvalidInputError(f"`n_envs` must be at least 1, was {n_envs}.")
    seeds = [None if seed is None else seed + i for i in range(n_envs)]
    episodes = _episodes(config, dataset, split, symbols, deterministic, episode_length, seed)
    length = episodes["episode_length"]
    return BatchEnv(
        BATCH_FACES[config.name],
        [sampled(config, own) if is_sampled else config for own in seeds],
        market_of(config, dataset, split, episodes["symbols"], length),
        episode_length=length,
        deterministic=deterministic,
        seeds=seeds,
    )


def _checked(config: SystemConfig, dataset: Dataset) -> SystemConfig:
    if not isinstance(dataset, Dataset):
        shown = dataset if isinstance(dataset, str) else "ID"
        raise InvalidInputError(
            f"`dataset` must be a Dataset, was {dataset!r}. "
            f"Hint: include.features.dataset.load_dataset(load_settings().home.dataset({shown!r})), "
            "with load_settings of include.config.settings."
        )
    if config.name not in FACES:
        raise InvalidInputError(f"`system` must be one of {', '.join(FACES)}, was {config.name!r}.")
    if config.timeframe != dataset.info.timeframe:
        raise InvalidInputError(
            f"`dataset` must have the system's timeframe {config.timeframe}, was {dataset.info.timeframe}."
        )
    return config


def _require_purpose(purpose: Purpose | None, split: Split, deterministic: bool) -> None:
    stated = purpose or ("evaluation" if deterministic else "training")
    if stated == "training" and split == "test":
        raise InvalidInputError(
            "`split` must be 'train' or 'validation' for training, was 'test'. "
            'Hint: pass purpose="evaluation" to play the test split without learning from it.'
        )


def _episodes(
    config: SystemConfig,
    dataset: Dataset,
    split: Split,
    symbols: Sequence[str] | None,
    deterministic: bool,
    episode_length: int | None,
    seed: int | None,
) -> Episodes:
    playable = _playable(dataset.split(split), config.lookback)
    whole = max((len(series) for series in playable.values()), default=1)
    length = episode_length if episode_length is not None else whole if deterministic else config.episode_length
    if length < 1:
        raise InvalidInputError(f"`episode_length` must be at least 1, was {length}.")
    chosen = _chosen(symbols or config.symbols, playable, split, config.lookback)
    return Episodes(symbols=chosen, deterministic=deterministic, episode_length=length, seed=seed)


def _playable(series: dict[str, SymbolSeries], lookback: int) -> dict[str, SymbolSeries]:
    return {symbol: rows for symbol, rows in series.items() if unbroken_runs(rows, lookback)}


def _chosen(
    wanted: Sequence[str] | None, playable: dict[str, SymbolSeries], split: Split, lookback: int
) -> tuple[str, ...]:
    chosen = tuple(playable) if wanted is None else tuple(wanted)
    missing = [symbol for symbol in chosen if symbol not in playable]
    if missing or not chosen:
        needed = "two" if lookback == 1 else f"{lookback + 1}"
        raise InvalidInputError(
            f"`symbols` must have {needed} consecutive rows in split {split!r}, was {', '.join(missing) or 'none'}. "
            f"Hint: {len(playable)} symbols do."
        )
    return chosen
