"""One candle of many phase4 environments: `Phase4Env`'s rewards and observations on records."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.core.timeframes import periods_per_year
from include.environments.kernels import episode as episodes
from include.environments.kernels import records
from include.environments.kernels import track as tracks
from include.environments.kernels.account import liquidation_price, rules_of
from include.environments.kernels.jit import kernel
from include.environments.kernels.records import Record, layout
from include.environments.phase4.actions import N_ACTIONS
from include.environments.phase4.env import require_phase4
from include.environments.phase4.observation import ROLLING_CANDLES
from include.environments.phase4.rewards import RewardComponents

Row = NDArray[np.float32]
N_COMPONENTS = len(RewardComponents._fields)

# `RewardConfig` with γ, beside the account's rules
REWARD = layout(
    **dict.fromkeys(("r_pnl", "r_hold_bonus", "r_invalid_action", "r_out_of_market"), "f8"),
    **dict.fromkeys(("invalid_action_penalty", "drawdown_threshold", "drawdown_weight", "clip", "gamma"), "f8"),
)
RULES = records.rules(REWARD)
# beside what every environment has: the potentials of the step before
SEAT = records.seat(N_COMPONENTS, phi="f8", psi="f8")


def phase4_rules(system: SystemConfig) -> NDArray[np.void]:
    """Return the settings of `system` as a `RULES` array of shape ()."""
    reward = require_phase4(system)
    rules = np.zeros((), RULES)
    rules["account"] = rules_of(system.account)
    for name, value in reward.model_dump().items():
        rules["reward"][name] = value
    rules["reward"]["gamma"] = system.training.gamma
    rules["periods_per_year"] = periods_per_year(system.timeframe, system.calendar)
    return rules


@kernel
def begin_all(seats: Any, rules: Any, market: Any, observations: Any) -> None:
    """Start the episode that each seat names, and write its first observation."""
    for i in range(len(seats)):
        _begin(seats[i], rules[i], market[0], market[1], observations[i])


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
        rewards[i] = reward(seat, rule.reward, is_terminal, components[i])
        terminated[i] = is_terminal
        truncated[i] = is_over and not is_terminal
        if is_over:
            ended += 1
            episodes.summarise(seat, rule.periods_per_year, summaries[i])
            observe(seat, rule, candles, features, finals[i])
            episodes.draw(seat.episode, draws[i], symbols, runs, length)
            _begin(seat, rule, candles, features, observations[i])
        else:
            observe(seat, rule, candles, features, observations[i])
    return ended


@kernel
def _begin(seat: Record, rules: Record, candles: Any, features: Any, observation: Row) -> None:
    episodes.begin(seat, rules.account)
    seat.phi = 0.0
    seat.psi = 0.0
    observe(seat, rules, candles, features, observation)


@kernel
def reward(seat: Record, rules: Record, is_terminal: bool, components: NDArray[np.float64]) -> float:
    """Write the weighted components of the step just played and return their clipped sum, as `RewardModel` does."""
    account = seat.account
    phi = 0.0
    psi = 0.0
    if account.quantity != 0.0 and not is_terminal:
        phi = 100.0 * (account.equity - account.balance) / account.entry_equity
        psi = rules.drawdown_weight * 100.0 * max(0.0, seat.track.drawdown - rules.drawdown_threshold)
    components[0] = rules.r_pnl * 100.0 * account.booked_usd / account.entry_equity
    components[1] = rules.r_hold_bonus * (rules.gamma * phi - seat.phi)
    components[2] = rules.r_invalid_action * rules.invalid_action_penalty if account.is_refused else 0.0
    components[3] = rules.r_out_of_market * (rules.gamma * psi - seat.psi)
    seat.phi = phi
    seat.psi = psi
    total = 0.0
    for i in range(len(components)):
        seat.components[i] += components[i]
        total += components[i]
    clipped: float = max(-rules.clip, min(rules.clip, total))
    return clipped


@kernel
def observe(seat: Record, rules: Record, candles: Any, features: Any, target: Row) -> None:
    """Write market features and account features at the seat's row, as `account_features` defines them."""
    market = features.shape[1]
    row = seat.episode.row
    for i in range(market):
        target[i] = features[row, i]
    candle = candles[row]
    _observe_account(seat, rules.account, candle.close, target[market:])
    target[market + 9] = candle.stress


@kernel
def observe_all(seats: Any, rules: Any, market: Any, chosen: Any, observations: Any) -> None:
    """Write what the seats with the numbers `chosen` see at their row, one after the other."""
    for k in range(len(chosen)):
        observe(seats[chosen[k]], rules[chosen[k]], market[0], market[1], observations[k])


@kernel
def _observe_account(seat: Record, rules: Record, close: float, target: Row) -> None:
    account, track = seat.account, seat.track
    mean, deviation = tracks.moments(track)
    target[3] = min(1.0, track.drawdown)
    target[4] = min(1.0, track.max_drawdown)
    target[5] = min(10.0, 100.0 * deviation)
    target[6] = max(-3.0, min(3.0, mean / deviation)) if deviation > 0.0 else 0.0
    quantity, equity = account.quantity, account.equity
    if quantity == 0.0 or equity <= 0.0:
        target[0] = 0.0
        target[1] = 0.0
        target[2] = 0.0
        target[7] = 1.0
        target[8] = 1.0
        return
    side = 1.0 if quantity > 0.0 else -1.0
    liquidation = side * (close - liquidation_price(account, rules)) / close
    held = account.candles_in_position
    target[0] = max(-2.0, min(2.0, quantity * close / equity / rules.max_leverage))
    target[1] = max(-1.0, min(1.0, (equity - account.balance) / equity))
    target[2] = held / (held + ROLLING_CANDLES)
    target[7] = max(0.0, min(1.0, liquidation))
    target[8] = max(0.0, min(3.0, (close - account.stop) / (account.entry_price - account.stop)))
