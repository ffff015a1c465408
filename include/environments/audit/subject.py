"""What is audited: where an environment comes from, and how it is given a market.

`docs/environment-audit.md` describes the protocol for environments that are not ours.
"""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import gymnasium

from include.config.files import system_names
from include.core.errors import InvalidInputError
from include.core.timeframes import timeframe_ms
from include.environments.audit.scenario import Scenario
from include.environments.audit.systems import episode_env, rows_of, system_of

Env = gymnasium.Env[Any, Any]

# names under which constructors take a fee, a fraction of the notional per fill
FEE_PARAMETERS = ("fee", "fees", "trading_fee", "trading_fees", "commission", "transaction_cost")
_ROWS = 400
_TIMEFRAME = "4h"


@dataclass(frozen=True)
class Subject:
    """An environment to audit.

    Attributes
    ----------
    name : str
        As it was asked for.
    make : callable
        From a scenario to a fresh environment that plays it, or that ignores it where `has_market` is false.
    has_market : bool
        The environment can be given a market.
    has_costs : bool
        It honours `Scenario.fee`.
    rows : int
        Candles of a market.
    step_ms : int
        Length of a candle in milliseconds.
    actions : dict of str to action
        Declared meaning of actions, see `roles.py`; what is not declared is found by trying.
    """

    name: str
    make: Callable[[Scenario], Env]
    has_market: bool
    has_costs: bool
    rows: int = _ROWS
    step_ms: int = timeframe_ms(_TIMEFRAME)
    actions: dict[str, Any] = field(default_factory=dict)


def subject(name: str) -> Subject:
    """Return what `name` names: a system, or `module:Class` of any Gymnasium environment.

    Parameters
    ----------
    name : str
        Such as ``phase4`` or ``my_package.my_module:MyEnv``.

    Raises
    ------
    InvalidInputError
        No such module or name, or a class that cannot be made by the protocol.
    """
    if ":" not in name:
        system = system_of(_known(name))
        return Subject(
            name,
            lambda scenario: episode_env(system, scenario),
            True,
            True,
            rows_of(system),
            timeframe_ms(system.timeframe),
        )
    return subject_of(_found(name), name)


def subject_of(target: Any, name: str) -> Subject:
    """Return the class or factory `target` as a subject, whose `make` raises where it makes no environment.

    In this order: `target.for_audit(scenario)`; a subclass of one of our faces; a parameter `scenario`; a parameter
    `df` with, where the constructor has them, a fee and `slippage`; no parameter that must be given.

    Raises
    ------
    InvalidInputError
        None of these fits.
    """
    found = _by_protocol(target, name)
    return replace(found, make=lambda scenario: _checked(found.make(scenario), name))


def _checked(made: object, name: str) -> Env:
    if not isinstance(made, gymnasium.Env):
        raise InvalidInputError(f"`{name}` must make a gymnasium.Env, made {type(made).__name__} {made!r}.")
    return made


def _by_protocol(target: Any, name: str) -> Subject:
    declared: dict[str, Any] = {
        "rows": getattr(target, "audit_rows", _ROWS),
        "step_ms": timeframe_ms(getattr(target, "audit_timeframe", _TIMEFRAME)),
        "actions": dict(getattr(target, "audit_actions", {})),
    }
    if hasattr(target, "for_audit"):
        return Subject(name, target.for_audit, True, "costs" not in getattr(target, "audit_ignores", ()), **declared)
    system = system_of(target)
    if system is not None:
        declared |= {"rows": rows_of(system), "step_ms": timeframe_ms(system.timeframe)}
        return Subject(name, lambda scenario: episode_env(system, scenario, target), True, True, **declared)
    return _from_signature(target, name, declared)


def _from_signature(target: Any, name: str, declared: dict[str, Any]) -> Subject:
    is_other_class = inspect.isclass(target) and not issubclass(target, gymnasium.Env)
    if not callable(target) or is_other_class:
        shown = "a class that does not derive from it" if is_other_class else type(target).__name__
        raise InvalidInputError(f"`{name}` must be a gymnasium.Env or a function that makes one, was {shown}.")
    parameters = inspect.signature(target).parameters
    required = {
        key
        for key, parameter in parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    if "scenario" in parameters and required <= {"scenario"}:
        return Subject(name, lambda scenario: target(scenario=scenario), True, True, **declared)
    if "df" in parameters and required <= {"df"}:
        fee = next((key for key in FEE_PARAMETERS if key in parameters), None)

        def make(scenario: Scenario) -> Env:
            asked = {fee: scenario.fee, "slippage" if "slippage" in parameters else None: scenario.slippage}
            costs = {key: value for key, value in asked.items() if key is not None and value is not None}
            return target(df=scenario.frame(), **costs)  # type: ignore[no-any-return]

        return Subject(name, make, True, fee is not None, **declared)
    if not required:
        return Subject(name, lambda _: target(), False, False, **declared)
    raise InvalidInputError(
        f"`{name}` needs {', '.join(sorted(required))}, which the audit cannot give. "
        "Hint: write a classmethod `for_audit(scenario)`; docs/environment-audit.md shows one."
    )


def _known(name: str) -> str:
    if name not in system_names():
        raise InvalidInputError(
            f"`subject` must be one of {', '.join(system_names())} or module:Class, was {name!r}. "
            "Hint: python -m include env audit my_package.envs:MyEnv."
        )
    return name


def _found(name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise InvalidInputError(f"`{name}` must name an importable module, was not: {error}.") from error
    if not hasattr(found, attribute):
        raise InvalidInputError(f"`{name}` must name something in {module}, which has no {attribute!r}.")
    return getattr(found, attribute)
