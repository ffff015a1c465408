"""One candle of many shadow environments: `ShadowEnv`'s rewards and observations on records."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.core.timeframes import periods_per_year
from include.environments.kernels import episode as episodes
from include.environments.kernels import records
from include.environments.kernels.account import rules_of
from include.environments.kernels.jit import kernel
from include.environments.kernels.records import Record, layout
from include.environments.phase4.tape import OBSERVATION_BOUND
from include.environments.shadow.actions import N_ACTIONS
from include.environments.shadow.env import require_shadow
from include.environments.shadow.rewards import ShadowComponents

Row = NDArray[np.float32]

# `ShadowRewardConfig`, and the candles in an observation
REWARD = layout(
    **dict.fromkeys(("realised_weight", "unrealised_weight", "losing_weight", "losing_threshold"), "f8"),
    **dict.fromkeys(("inactivity_penalty", "ruin_penalty", "scaling"), "f8"),
    inactivity_candles="i8",
    lookback="i8",
)
RULES = records.rules(REWARD)
# beside what every environment has: the unrealised PnL and the traded volume of the step before, steps without a fill
SEAT = records.seat(len(ShadowComponents._fields), unrealised="f8", traded="f8", idle="i8")


def shadow_rules(system: SystemConfig) -> NDArray[np.void]:
    """Return the settings of `system` as a `RULES` array of shape ()."""
    reward = require_shadow(system)
    rules = np.zeros((), RULES)
    rules["account"] = rules_of(system.account)
    for name, value in reward.model_dump().items():
        rules["reward"][name] = value
    rules["reward"]["lookback"] = system.lookback
    rules["periods_per_year"] = periods_per_year(system.timeframe, system.calendar)
    return rules


@kernel
def begin_all(seats: Any, rules: Any, market: Any, observations: Any) -> None:
    """Start the episode that each seat names, and write its first observation."""
    for i in range(len(seats)):
        _begin(seats[i], rules[i], market[1], observations[i])


@kernel
def step_all(
    seats: Any,
    rules: Any,
    market: Any,
    draws: Any,
    length: int,
    actions: Any,
    observations: Any,
    rewards: Any,
    components: Any,
    terminated: Any,
    truncated: Any,
    finals: Any,
    summaries: Any,
) -> int:
    """Step every environment; where an episode ends, keep what it leaves and start the next.

    Arguments and result are those of `include.environments.batch.Face.step`.
    """
    candles, features, symbols, runs = market
    if episodes.has_unknown(actions, N_ACTIONS):
        return -1
    ended = 0
    for i in range(len(seats)):
        seat, rule = seats[i], rules[i]
        is_terminal = episodes.advance(seat, rule.account, actions[i], candles)
        is_over = is_terminal or seat.episode.row == seat.episode.end
        rewards[i] = reward(seat, rule, is_terminal, components[i])
        terminated[i] = is_terminal
        truncated[i] = is_over and not is_terminal
        if is_over:
            ended += 1
            episodes.summarise(seat, rule.periods_per_year, summaries[i])
            observe(seat, rule, features, finals[i])
            episodes.draw(seat.episode, draws[i], symbols, runs, length)
            _begin(seat, rule, features, observations[i])
        else:
            observe(seat, rule, features, observations[i])
    return ended


@kernel
def reward(seat: Record, rules: Record, is_terminal: bool, components: NDArray[np.float64]) -> float:
    """Write the weighted components of the step just played and return their sum, as `ShadowRewards` does."""
    account, config = seat.account, rules.reward
    percent = 100.0 / rules.account.initial_balance
    scaling = config.scaling
    unrealised = percent * (account.equity - account.balance)
    seat.idle = 0 if account.traded_usd != seat.traded else seat.idle + 1
    excess = max(0.0, -unrealised - 100.0 * config.losing_threshold)
    components[0] = scaling * (config.realised_weight * (percent * account.booked_usd))
    components[1] = scaling * (config.unrealised_weight * (unrealised - seat.unrealised))
    components[2] = scaling * (config.losing_weight * excess)
    components[3] = scaling * config.inactivity_penalty if seat.idle > config.inactivity_candles else 0.0
    components[4] = scaling * config.ruin_penalty if is_terminal else 0.0
    seat.unrealised = unrealised
    seat.traded = account.traded_usd
    total = 0.0
    for i in range(len(components)):
        seat.components[i] += components[i]
        total += components[i]
    return total


@kernel
def observe(seat: Record, rules: Record, features: Any, target: Row) -> None:
    """Write the window of market features at the seat's row and the portfolio, as `portfolio_features` defines it."""
    account, initial = seat.account, rules.account.initial_balance
    after = seat.episode.row + 1
    at = features.shape[1] * rules.reward.lookback
    target[:at] = features[after - rules.reward.lookback : after].ravel()
    target[at] = _bounded(account.balance / initial)
    target[at + 1] = _bounded((account.equity - account.balance) / initial)
    target[at + 2] = _bounded((account.equity - initial) / initial)
    target[at + 3] = 1.0 if account.quantity > 0.0 else -1.0 if account.quantity < 0.0 else 0.0
    target[at + 4] = min(1.0, seat.track.max_drawdown)


@kernel
def observe_all(seats: Any, rules: Any, market: Any, chosen: Any, observations: Any) -> None:
    """Write what the seats with the numbers `chosen` see at their row, one after the other."""
    for k in range(len(chosen)):
        observe(seats[chosen[k]], rules[chosen[k]], market[1], observations[k])


@kernel
def _begin(seat: Record, rules: Record, features: Any, observation: Row) -> None:
    episodes.begin(seat, rules.account)
    seat.unrealised = 0.0
    seat.traded = 0.0
    seat.idle = 0
    observe(seat, rules, features, observation)


@kernel
def _bounded(value: float) -> float:
    return max(-OBSERVATION_BOUND, min(OBSERVATION_BOUND, value))
