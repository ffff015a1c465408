"""Whether a request meets a rule: drawn by seed, rule, request and how often it came, not by the order of requests."""

import random
from collections import Counter
from dataclasses import dataclass, field

from starlette.datastructures import QueryParams

from include.sandbox.faults.plan import FaultPlan, Rule


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its path, its parameters, and which of its kind it is, counted from 0."""

    path: str
    params: QueryParams
    number: int

    @property
    def symbol(self) -> str | None:
        """The venue's symbol that the request names, None when it names none."""
        return self.params.get("symbol") or self.params.get("pair")


@dataclass
class Draw:
    """The rules of a plan, and how often each was met.

    Parameters
    ----------
    plan : FaultPlan
        Rules and seed.
    """

    plan: FaultPlan
    _seen: Counter[str] = field(default_factory=Counter)
    _met: Counter[int] = field(default_factory=Counter)
    _met_by: Counter[tuple[int, str]] = field(default_factory=Counter)

    def asked(self, path: str, params: QueryParams) -> Asked:
        """Count a request and return it."""
        key = _key(path, params)
        self._seen[key] += 1
        return Asked(path, params, self._seen[key] - 1)

    def meets(self, number: int, asked: Asked) -> bool:
        """Return whether the request is to meet rule `number` of the plan; `met` says that it did."""
        rule = self.plan.rules[number]
        if not _concerns(rule, asked) or asked.number < rule.after:
            return False
        key = _key(asked.path, asked.params)
        is_used_up = (rule.times is not None and self._met[number] >= rule.times) or (
            rule.each is not None and self._met_by[number, key] >= rule.each
        )
        return not is_used_up and self.random(number, asked).random() < rule.share

    def met(self, number: int, asked: Asked) -> None:
        """Count that the request met rule `number`."""
        self._met[number] += 1
        self._met_by[number, _key(asked.path, asked.params)] += 1

    def random(self, number: int, asked: Asked) -> random.Random:
        """Return what everything random of the request and the rule is drawn from, always anew."""
        return random.Random(f"{self.plan.seed} {number} {asked.number} {_key(asked.path, asked.params)}")


def _concerns(rule: Rule, asked: Asked) -> bool:
    return asked.path.startswith(rule.path) and rule.symbol in (None, asked.symbol)


def _key(path: str, params: QueryParams) -> str:
    return f"{path}?{'&'.join(sorted(f'{name}={value}' for name, value in params.multi_items()))}"
