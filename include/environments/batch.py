"""Many environments of one system stepped at once by kernels: the batch face, free of any training library.

`include/training/vec_env.py` dresses it as a `VecEnv` of stable-baselines3.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from gymnasium.utils.seeding import np_random
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.core.errors import InvalidInputError
from include.environments.kernels.episode import draw_all
from include.environments.kernels.records import STATISTICS, SUMMARY
from include.environments.market import Market
from include.environments.phase4.tape import OBSERVATION_BOUND

# starts that each environment draws ahead, so that a step never waits for the interpreter
DRAWN_AHEAD = 64
_COUNTS = ("trades", "steps")


@dataclass(frozen=True)
class Face:
    """What a system brings to the batch.

    Attributes
    ----------
    actions : int
        Number of actions.
    action_names : tuple of str, length `actions`
        Their names in order.
    components : tuple of str, length c
        Names of the reward components.
    own_features : int
        Values of an observation beside the market's.
    seat : dtype
        Record of one environment.
    rules : callable
        Settings of a system as one record.
    begin : kernel
        ``begin(seats, rules, market, observations)`` starts the episodes that the seats name.
    step : kernel
        ``step(seats, rules, market, draws, length, actions, observations, rewards, components, terminated, truncated,
        finals, summaries)`` fills `actions` int64 (n,), writes observations float32 (n, d), rewards float32 (n,),
        components float64 (n, c), terminated and truncated bool (n,), and, where an episode ended, its last
        observation into `finals` (n, d) and its `SUMMARY` and component sums into `summaries`; there the
        observation is the next episode's first. Returns the number of ended episodes, −1 for an unknown action.
    observe : kernel
        ``observe(seats, rules, market, chosen, observations)`` writes what the seats with the numbers `chosen` int64
        (m,) see at their row into the first m of `observations` float32 (n, d).
    masks : kernel or None
        ``masks(seats, rules, market, allowed)`` fills bool (n, actions) with what each environment may do next; None
        where the system masks nothing.
    """

    actions: int
    action_names: tuple[str, ...]
    components: tuple[str, ...]
    own_features: int
    seat: np.dtype[np.void]
    rules: Callable[[SystemConfig], NDArray[np.void]]
    begin: Callable[..., None]
    step: Callable[..., int]
    observe: Callable[..., None]
    masks: Callable[..., None] | None = None


class BatchStep(NamedTuple):
    """One step of n environments; the arrays are fresh and belong to the caller.

    `components` are the weighted reward components, (n, c) in the order of `BatchEnv.component_names`.
    """

    observations: NDArray[np.float32]
    rewards: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    components: NDArray[np.float64]


class EpisodeEnd(NamedTuple):
    """What an ended episode leaves.

    Attributes
    ----------
    env : int
        Which environment ended it.
    observation : float32 (d,)
        Its last.
    symbol, start : str, int
        What it played, and from which row of the split.
    equity : float
        At its end, USD.
    statistics : dict
        `episode_statistics`, as the Gymnasium face gives them.
    components : dict
        Sum of each weighted reward component, not clipped.
    """

    env: int
    observation: NDArray[np.float32]
    symbol: str
    start: int
    equity: float
    statistics: dict[str, float | int | None]
    components: dict[str, float]


class BatchSnapshot(NamedTuple):
    """Everything that decides how a batch goes on: `arrays` by name, and `meta` as JSON values."""

    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]


class BatchParts(NamedTuple):
    """What `Face.step` is called with beside the arrays of a step: the very arrays of a batch.

    Attributes
    ----------
    seats, rules : record arrays (n,)
        State and settings of each environment.
    market : tuple of arrays
        Candles, features, symbols, runs.
    draws : float64 (n, DRAWN_AHEAD, 2)
        Starts that each environment has drawn ahead.
    length : int
        Steps until truncation.
    finals, summaries : float32 (n, d), float64 (n, s)
        Where an ended episode leaves its last observation and its figures.
    """

    seats: NDArray[np.void]
    rules: NDArray[np.void]
    market: tuple[NDArray[Any], ...]
    draws: NDArray[np.float64]
    length: int
    finals: NDArray[np.float32]
    summaries: NDArray[np.float64]


class BatchEnv:
    """n environments of one system over one shared block of rows.

    Environment i plays exactly what the Gymnasium face plays with seed i of `seeds`; an ended episode is
    followed by the next one within the same step.

    Parameters
    ----------
    face : Face
        Kernels of the system.
    systems : sequence of SystemConfig, length n
        Settings of each environment; they may differ in account and reward.
    market : Market
        Rows to play, shared by all.
    episode_length : int
        Steps until truncation.
    deterministic : bool
        Always the first row of the first symbol; otherwise both are drawn.
    seeds : sequence of int or None, length n
        Seeds of the first reset that is given none.

    Attributes
    ----------
    seats : record array (n,)
        Episode, account and equity track of each environment, to look at: ``seats["account"]["equity"]``.
    face : Face
        As given.
    """

    def __init__(
        self,
        face: Face,
        systems: Sequence[SystemConfig],
        market: Market,
        *,
        episode_length: int,
        deterministic: bool,
        seeds: Sequence[int | None],
    ) -> None:
        count = len(systems)
        lookback = systems[0].lookback
        size = market.features.shape[1] * lookback + face.own_features
        self.observation_space = spaces.Box(-OBSERVATION_BOUND, OBSERVATION_BOUND, (size,), np.float32)
        self.action_space = spaces.Discrete(face.actions)
        self.component_names = face.components
        self.market = market
        self.seats = np.zeros(count, face.seat)
        self.face = face
        self._rules = np.array([face.rules(system) for system in systems])
        self._length = episode_length
        self._deterministic = deterministic
        self._rows = (market.candles, market.features, market.symbols, market.runs)
        self._seeds: list[int | None] = list(seeds)
        self._generators = [np.random.default_rng(0)] * count
        self._draws = np.zeros((count, DRAWN_AHEAD, 2))
        self._finals = np.zeros((count, size), np.float32)
        self._summaries = np.zeros((count, len(SUMMARY) + len(face.components)))
        self._ended: NDArray[np.intp] = np.empty(0, np.intp)
        self._is_started = False

    def __len__(self) -> int:
        return len(self.seats)

    def reset(
        self,
        *,
        seeds: Sequence[int | None] | None = None,
        options: Sequence[Mapping[str, Any]] | None = None,
    ) -> NDArray[np.float32]:
        """Start an episode in every environment and return the observations (n, d).

        Parameters
        ----------
        seeds : sequence of int or None, length n
            New seeds; None goes on where the environment's random numbers stand.
        options : sequence of mapping, length n
            "symbol" and "start" (row of the split) choose an episode, as in the Gymnasium face.
        """
        for i, (given, made) in enumerate(zip(seeds or self._seeds, self._seeds, strict=True)):
            seed = made if given is None else given
            if seed is not None or not self._is_started:
                self._generators[i], _ = np_random(seed)
                self._draw(i)
        self._seeds = [None] * len(self)
        self._is_started = True
        self.draw_where_used_up()
        draw_all(self.seats, self._draws, self.market.symbols, self.market.runs, self._length)
        for i, choice in enumerate(options or ()):
            if choice:
                self._place(i, choice)
        observations = np.empty_like(self._finals)
        self.face.begin(self.seats, self._rules, self._rows, observations)
        self._ended = self._ended[:0]
        return observations

    def step(self, actions: NDArray[np.int64]) -> BatchStep:
        """Fill `actions` int (n,) at the next open of each environment and live through that candle."""
        n = len(self.seats)
        actions = np.asarray(actions, np.int64)
        if actions.shape != (n,) or not self._is_started:
            raise self._unusable(actions)
        played = BatchStep(
            np.empty_like(self._finals),
            np.empty(n, np.float32),
            np.empty(n, np.bool_),
            np.empty(n, np.bool_),
            np.empty((n, len(self.component_names))),
        )
        observations, rewards, terminated, truncated, components = played
        ended = self.face.step(
            self.seats,
            self._rules,
            self._rows,
            self._draws,
            self._length,
            actions,
            observations,
            rewards,
            components,
            terminated,
            truncated,
            self._finals,
            self._summaries,
        )
        if ended:
            if ended < 0:
                raise self._unusable(actions)
            self._ended = np.flatnonzero(terminated | truncated)
            self.draw_where_used_up()
        elif len(self._ended):
            self._ended = self._ended[:0]
        return played

    @property
    def has_masks(self) -> bool:
        """True when the system forbids actions."""
        return self.face.masks is not None

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which actions each environment may take next, (n, actions); all of them where nothing is masked."""
        allowed = np.ones((len(self), int(self.action_space.n)), np.bool_)
        if self.face.masks is not None:
            self.face.masks(self.seats, self._rules, self._rows, allowed)
        return allowed

    def snapshot(self) -> BatchSnapshot:
        """Return a copy of the state: a batch of the same making that restores it goes on bit for bit."""
        arrays: dict[str, NDArray[Any]] = {
            # a record array as bytes: every field, the padding too, in a type that any file format holds
            "seats": self.seats.view(np.uint8).reshape(len(self), -1).copy(),
            "draws": self._draws.copy(),
            "finals": self._finals.copy(),
            "summaries": self._summaries.copy(),
            "ended": self._ended.astype(np.int64),
        }
        generators = [generator.bit_generator.state for generator in self._generators]
        return BatchSnapshot(
            arrays, {"generators": generators, "seeds": list(self._seeds), "is_started": self._is_started}
        )

    def restore(self, snapshot: BatchSnapshot) -> None:
        """Go on from `snapshot`, taken of a batch of the same system, market and size.

        Raises
        ------
        InvalidInputError
            An array has another shape: the snapshot is of another system or number of environments.
        """
        arrays, meta = snapshot
        own = self.snapshot().arrays
        for name in ("seats", "draws", "finals", "summaries"):
            if arrays[name].shape != own[name].shape:
                raise InvalidInputError(
                    f"`snapshot` must have `{name}` of shape {own[name].shape}, was {arrays[name].shape}. "
                    "Hint: it belongs to another system or another number of environments."
                )
        self.seats.view(np.uint8).reshape(len(self), -1)[...] = arrays["seats"]
        self._draws[...] = arrays["draws"]
        self._finals[...] = arrays["finals"]
        self._summaries[...] = arrays["summaries"]
        self._ended = arrays["ended"].astype(np.intp)
        self._seeds = list(meta["seeds"])
        self._is_started = bool(meta["is_started"])
        for i, state in enumerate(meta["generators"]):
            self._generators[i], _ = np_random(0)
            self._generators[i].bit_generator.state = state

    @property
    def ends(self) -> list[EpisodeEnd]:
        """Episodes that the last step ended, in order of their environments."""
        return [self.end_of(i, self._finals[i].copy(), self._summaries[i]) for i in self._ended.tolist()]

    @property
    def parts(self) -> BatchParts:
        """The arrays themselves, for a kernel that calls `Face.step` step after step without the interpreter.

        It must stop when an environment has drawn `DRAWN_AHEAD` starts, and go on after `draw_where_used_up`.
        """
        return BatchParts(self.seats, self._rules, self._rows, self._draws, self._length, self._finals, self._summaries)

    def draw_where_used_up(self) -> None:
        """Draw new starts for the environments that have none left."""
        for i in np.flatnonzero(self.seats["episode"]["drawn"] == DRAWN_AHEAD).tolist():
            self._draw(i)

    def end_of(self, env: int, observation: NDArray[np.float32], summary: NDArray[np.float64]) -> EpisodeEnd:
        """Return what the episode that environment `env` left with this `observation` and `summary` is in words."""
        values = summary.tolist()
        known = dict(zip(SUMMARY, values, strict=False))
        statistics = {name: None if known[name] != known[name] else known[name] for name in STATISTICS}
        return EpisodeEnd(
            env,
            observation,
            self.market.names[int(known["symbol"])],
            int(known["start"]) - self.market.first_rows[int(known["symbol"])],
            known["equity"],
            statistics | {name: int(known[name]) for name in _COUNTS},
            dict(zip(self.component_names, values[len(SUMMARY) :], strict=True)),
        )

    def _draw(self, i: int) -> None:
        if not self._deterministic:
            self._draws[i] = self._generators[i].random((DRAWN_AHEAD, 2))
        self.seats["episode"]["drawn"][i] = 0

    def _place(self, i: int, choice: Mapping[str, Any]) -> None:
        episode, market = self.seats["episode"][i : i + 1], self.market
        name = choice.get("symbol", market.names[int(episode["symbol"][0])])
        if name not in market.names:
            raise InvalidInputError(f"`symbol` must be one of {', '.join(market.names)}, was {name!r}.")
        symbol = market.names.index(name)
        starts, first = market.starts[symbol], market.first_rows[symbol]
        drawn = self._draws[i, int(episode["drawn"][0]) - 1, 1]
        start, end = starts.at(int(choice["start"])) if "start" in choice else starts[int(drawn * len(starts))]
        episode["symbol"] = symbol
        episode["start"] = episode["row"] = start + first
        episode["end"] = end + first

    def _unusable(self, actions: NDArray[np.int64]) -> InvalidInputError:
        if not self._is_started:
            return InvalidInputError("`reset` must be called before `step`.")
        if actions.shape != (len(self),):
            return InvalidInputError(f"`actions` must have shape ({len(self)},), was {actions.shape}.")
        return InvalidInputError(
            f"`actions` must lie in 0 to {self.action_space.n - 1}, was {actions.min()} to {actions.max()}."
        )
