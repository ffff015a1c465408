"""What each action of an unknown environment does, found by trying it, and where its episodes start."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import numpy as np
from gymnasium import spaces

from include.core.errors import InvalidInputError, PerpetuaError
from include.environments.audit.rollout import Rollout, missing_equity, play
from include.environments.audit.scenario import Scenario, Stage, fair_market, trend
from include.environments.audit.subject import Subject
from include.environments.audit.verdicts import BrokenError, NotApplicableError

SEED = 20_240_101
_DRIFT = 0.004
_NOTHING = 1e-6
# more actions than this are not tried one by one
_MOST_ACTIONS = 64
NAMES = ("long", "short", "hold", "exit", "reduce")


@dataclass(frozen=True, slots=True)
class Roles:
    """Actions by what they do to the account; None where no action does it.

    Attributes
    ----------
    candidates : tuple
        Every action that the audit tries.
    long, short : action or None
        Takes a position that gains when the price rises, or falls.
    hold : action or None
        Takes no position, and leaves one as it is.
    exit : action or None
        Takes no position, and leaves none.
    reduce : action or None
        Leaves a part of the position.
    """

    candidates: tuple[Any, ...]
    long: Any = None
    short: Any = None
    hold: Any = None
    exit: Any = None
    reduce: Any = None

    @property
    def idle(self) -> Any:
        """An action that leaves a flat account flat, or None."""
        return self.exit if self.hold is None else self.hold

    @property
    def openings(self) -> tuple[Any, ...]:
        """The actions that take a position."""
        return tuple(action for action in (self.long, self.short) if action is not None)

    def stay(self, opening: Any) -> Any:
        """Return the action that keeps the position which `opening` took."""
        return opening if self.hold is None else self.hold

    def leave(self, opening: Any) -> Any:
        """Return the action that ends the position which `opening` took: closing it, or turning it round."""
        if self.exit is not None:
            return self.exit
        return next((other for other in self.openings if other is not opening), opening)

    def side(self, opening: Any) -> str:
        """Return `long` or `short`."""
        return "long" if opening is self.long else "short"

    def describe(self) -> str:
        """Return the roles as text, such as `0 hold, 1 long`."""
        found = [(getattr(self, name), name) for name in NAMES if getattr(self, name) is not None]
        return ", ".join(f"{action} {name}" for action, name in found) or "none found"


@dataclass(frozen=True)
class Probe:
    """A subject whose actions are known: what every check works with.

    Attributes
    ----------
    subject : Subject
        What is audited.
    roles : Roles
        Its actions.
    stage : Stage or None
        Where its episodes start; None where that could not be seen.
    pairs : int
        Fair markets, each with its mirror, that the checks on free money play.
    trouble : str or None
        What the environment raised when its actions were tried.
    missing : str or None
        What `info` does not tell of the equity; None where it tells it at every reset and step.
    """

    subject: Subject
    roles: Roles
    stage: Stage | None
    pairs: int
    trouble: str | None = None
    missing: str | None = None

    def play(
        self, scenario: Scenario, actions: Iterable[Any], *, steps: int | None = None, observe: bool = False
    ) -> Rollout:
        """Play `actions` on `scenario` in a fresh environment, always from the same seed."""
        return play(self.subject.make(scenario), actions, SEED, steps=steps, observe=observe)

    def require_stage(self) -> Stage:
        """Return the stage.

        Raises
        ------
        NotApplicableError
            There is none; the text says why.
        BrokenError
            The environment raised when its actions were tried.
        """
        if self.stage is not None:
            return self.stage
        if self.trouble is not None:
            raise BrokenError(f"when its actions were tried, the environment raised {self.trouble}")
        lacking = [] if self.missing is None else [self.missing]
        if not self.subject.has_market:
            lacking.append("the environment cannot be given a market; see `for_audit` in docs/environment-audit.md")
        if lacking:
            raise NotApplicableError("; ".join(lacking))
        if not self.roles.candidates:
            raise NotApplicableError("actions are tried one by one only in Discrete and one-dimensional Box spaces")
        if not self.roles.openings:
            raise NotApplicableError("no action moves `info['equity']` with the price")
        raise NotApplicableError("no candle of the market was seen to move `info['equity']`")

    def require_costs(self) -> None:
        """Raise `NotApplicableError` unless the audit can set the costs."""
        if not self.subject.has_costs:
            raise NotApplicableError("the audit cannot set this environment's costs")

    def free(self, scenario: Scenario) -> Scenario:
        """Return `scenario` without costs, where the subject lets the audit set them."""
        return scenario.asking(fee=0.0, slippage=0.0) if self.subject.has_costs else scenario

    def fair(self, number: int, *, is_mirrored: bool = False) -> Scenario:
        """Return the fair market of this number."""
        return fair_market(self.subject.rows, self.subject.step_ms, number, is_mirrored=is_mirrored)

    def random(self, seed: int, steps: int) -> list[Any]:
        """Return actions, each as likely as any other."""
        rng = np.random.default_rng(seed)
        return [self.roles.candidates[place] for place in rng.integers(len(self.roles.candidates), size=steps)]


def probe(subject: Subject, pairs: int) -> Probe:
    """Return `subject` with the roles of its actions and the candle that its episodes start with.

    Raises
    ------
    InvalidInputError
        The subject declares actions by unknown names.
    """
    known = Probe(subject, Roles(()), None, pairs)
    try:
        env = subject.make(fair_market(subject.rows, subject.step_ms, 0))
        roles = Roles(_candidates(env.action_space))
        known = replace(known, roles=roles, missing=missing_equity(env, roles.candidates[:1], SEED))
        if known.missing is not None or not subject.has_market or not known.roles.candidates:
            return known
        known = replace(known, roles=_declared(known) if subject.actions else _found(known))
        first = _first_row(known)
    except PerpetuaError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever a foreign environment raises is a finding
        return replace(known, trouble=f"{type(error).__name__}: {error}")
    return known if first is None else replace(known, stage=Stage(subject.rows, subject.step_ms, first))


def _candidates(space: spaces.Space[Any]) -> tuple[Any, ...]:
    if isinstance(space, spaces.Discrete) and int(space.n) <= _MOST_ACTIONS:
        return tuple(range(int(space.start), int(space.start) + int(space.n)))
    if isinstance(space, spaces.Box) and space.shape == (1,):
        low, high = max(float(space.low[0]), -1.0), min(float(space.high[0]), 1.0)
        return tuple(np.array([value], dtype=space.dtype) for value in sorted({low, 0.0, high}))
    return ()


def _declared(known: Probe) -> Roles:
    actions = known.subject.actions
    unknown = sorted(set(actions) - set(NAMES))
    if unknown:
        raise InvalidInputError(f"`audit_actions` must name {', '.join(NAMES)}, was {', '.join(unknown)}.")
    return replace(known.roles, **actions)


def _found(known: Probe) -> Roles:
    roles = known.roles
    exposures = [_exposure(known, repeat(action)) for action in roles.candidates]
    largest, smallest = int(np.argmax(exposures)), int(np.argmin(exposures))
    if exposures[largest] > _NOTHING:
        roles = replace(roles, long=roles.candidates[largest])
    if exposures[smallest] < -_NOTHING:
        roles = replace(roles, short=roles.candidates[smallest])
    neutral = [a for a, exposure in zip(roles.candidates, exposures, strict=True) if abs(exposure) <= _NOTHING]
    return _with_neutral(known, roles, neutral)


def _with_neutral(known: Probe, roles: Roles, neutral: Sequence[Any]) -> Roles:
    if not roles.openings:
        return roles
    opening = roles.openings[0]
    whole = _exposure(known, repeat(opening))
    kept = {place: _exposure(known, [opening, *[action] * 3]) / whole for place, action in enumerate(neutral)}
    holding = [place for place, share in kept.items() if share > 0.9]
    if holding:
        roles = replace(roles, hold=neutral[holding[0]])
    leaving = [place for place, share in kept.items() if abs(share) <= _NOTHING]
    if leaving:
        roles = replace(roles, exit=neutral[leaving[0]])
    partly = [place for place in kept if place not in holding and place not in leaving]
    return replace(roles, reduce=neutral[partly[0]]) if partly else roles


def _exposure(known: Probe, actions: Iterable[Any]) -> float:
    # change of the equity, in units of the price's, in the fourth candle: positive when it gains from rising prices
    # both ways, so that a change that has nothing to do with the price does not look like a position
    measured = []
    for drift in (_DRIFT, -_DRIFT):
        market = trend(known.subject.rows, known.subject.step_ms, drift).asking(has_exits=False)
        played = known.play(known.free(market), actions, steps=4)
        if len(played) < 4 or not np.isfinite(played.equity).all():
            return 0.0
        measured.append(float(played.changes[3] / played.equity[3]) / drift)
    rising, falling = measured
    return rising if rising * falling > 0.0 else 0.0


def _first_row(known: Probe) -> int | None:
    # rows from a chosen one on are changed: the first step whose equity notices plays that row
    if not known.roles.openings:
        return None
    opening = known.roles.openings[0]
    market = known.free(known.fair(0))
    plain = known.play(market, repeat(opening)).equity
    for row in range(len(market) - 2, 2, -max(1, len(market) // 32)):
        step = first_difference(plain, known.play(market.changed_from(row), repeat(opening)).equity)
        if step is not None and step > 1:
            return row - (step - 1)
    return None


def first_difference(one: Any, other: Any) -> int | None:
    """Return the first place in which two sequences of numbers or arrays differ, None where they do not.

    One that ends earlier differs where it ends.
    """
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if not np.array_equal(a, b, equal_nan=True):
            return place
    return None if len(one) == len(other) else min(len(one), len(other))
