"""The typed forms of manual triggers: bounds, patterns and choices, the choices read from configuration.

The API server refuses a bad value with 400 and the field's name before a run exists.
"""

from typing import Any, get_args

from airflow.sdk import Param

from include.config.choices import CHANGEABLE, ENGINE_NAMES
from include.config.files import preset_names, system_names
from include.core.slots import RevalidationSlot
from include.core.timeframes import TIMEFRAMES_MS
from include.orchestration import schedules

SYMBOL = r"[A-Z0-9]+/[A-Z]+:[A-Z]+"
SYMBOLS = rf"^(all|{SYMBOL}(,\s*{SYMBOL})*)$"
_CHANGE = rf"[ \t]*({'|'.join(CHANGEABLE)})(\.[a-z0-9_]+)*[ \t]*=[ \t]*[^\s][^\r\n]*"
# lines of KEY=VALUE; what a key takes is held against the configuration by the first task
OVERRIDES = rf"^({_CHANGE}(\r?\n|$)|[ \t]*\r?\n)*[ \t]*$"
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$"
# which of them a venue has is held against it by the task
SERIES = r"^(all|[a-z_]{1,40}(,\s*[a-z_]{1,40}){0,19})$"
INSTANT = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?$"


def market_data() -> dict[str, Any]:
    """Return the form of `market_data`."""
    return {
        "symbols": _symbols(),
        "timeframe": Param("4h", type="string", enum=list(TIMEFRAMES_MS), title="Timeframe"),
        "start": _instant("Start", "First candle to fetch; empty continues where the lake ends."),
        "end": _instant("End", "First candle not to fetch; empty goes up to the newest closed candle."),
    }


def backfill() -> dict[str, Any]:
    """Return the form of `backfill`."""
    return {
        "symbols": _symbols(),
        "timeframe": Param("4h", type="string", enum=list(TIMEFRAMES_MS), title="Timeframe"),
        "start": _instant("Start", "First candle to fetch, stored or not; empty fetches what the lake has not got."),
        "end": _instant("End", "First candle not to fetch; empty goes up to the newest closed candle."),
        "series": Param("all", type="string", pattern=SERIES, title="Series",
                        description="`all` that the venue has, or such as candles,funding_rates,premium."),
    }  # fmt: skip


def train_ppo() -> dict[str, Any]:
    """Return the form of `train_ppo`, its fields those of `TrainingRequest`."""
    return _what_to_train() | _how_long() | _how() | _which_run()


def _what_to_train() -> dict[str, Any]:
    section = "What to train"
    return {
        "system": _system(section),
        "preset": Param(None, type=["null", "string"], enum=[None, *preset_names()], title="Preset", section=section,
                        description="Named change of the configuration; empty is the checklist's."),
        "symbols": Param("all", type="string", pattern=SYMBOLS, title="Symbols", section=section,
                         description="`all` that the system or the preset names, or unified symbols of the universe."),
        "overrides": Param(None, type=["null", "string"], format="multiline", pattern=OVERRIDES, maxLength=4_000,
                           section=section, title="Changes",
                           description=f"One KEY=VALUE a line, such as training.learning_rate=1e-4; "
                                       f"keys begin with {', '.join(CHANGEABLE)}."),
    }  # fmt: skip


def _how_long() -> dict[str, Any]:
    section = "How long"
    return {
        "steps": Param(None, type=["null", "integer"], minimum=1, maximum=100_000_000, title="Steps", section=section,
                       description="Environment steps; empty is the profile's, else the system's."),
        "episodes": Param(None, type=["null", "integer"], minimum=1, maximum=10_000_000, title="Episodes",
                          section=section, description="End earlier, after so many episodes; empty sets no such end."),
        "minutes": Param(None, type=["null", "number"], minimum=0.1, maximum=20_160, title="Minutes", section=section,
                         description="End earlier, after so many minutes of training; empty sets no such end."),
    }  # fmt: skip


def _how() -> dict[str, Any]:
    section = "How"
    return {
        "seeds": Param(None, type=["null", "array"], items={"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
                       minItems=1, maxItems=20, uniqueItems=True, title="Seeds", section=section,
                       description="One training each, such as [1, 2, 3]; empty is the system's one."),
        "engine": Param(None, type=["null", "string"], enum=[None, *ENGINE_NAMES], title="Engine", section=section,
                        description="What trains; empty is the configuration's."),
    }  # fmt: skip


def _which_run() -> dict[str, Any]:
    section = "Which run"
    return {
        "output": Param(None, type=["null", "string"], pattern=NAME, title="Run name", section=section,
                        description="Empty derives it from dataset, configuration and seed; with several seeds "
                                    "each is added."),
        "resume": Param(None, type=["null", "string"], pattern=NAME, title="Resume run", section=section,
                        description="Id of an unfinished run to go on with; its own dataset, configuration and seed "
                                    "are taken, so that every other field stays as it is."),
    }  # fmt: skip


def revalidate_model() -> dict[str, Any]:
    """Return the form of `revalidate_model`."""
    return {
        "system": _system("What to revalidate"),
        "run": Param("latest", type="string", pattern=NAME, title="Run", section="What to revalidate",
                     description="`latest`, or the id of a finished run."),
    }  # fmt: skip


def cross_validate() -> dict[str, Any]:
    """Return the form of `cross_validate`, its counts those of `CrossValidationRequest`."""
    return _what_to_validate() | _how_to_cut()


def _what_to_validate() -> dict[str, Any]:
    section = "What to train"
    return {
        "system": _system(section),
        "scheme": Param("walk_forward", type="string", enum=["walk_forward", "combinatorial"], title="Scheme",
                        section=section, description="Train on the past and test on what follows, or every choice of "
                                                     "groups is a test."),
        "dataset": Param(None, type=["null", "string"], pattern=NAME, title="Dataset", section=section,
                         description="Id of a frozen dataset; empty freezes the newest features."),
        "steps": Param(None, type=["null", "integer"], minimum=1, maximum=100_000_000, title="Steps", section=section,
                       description="Environment steps of each training; empty is the profile's, else the system's."),
        "seed": Param(None, type=["null", "integer"], minimum=0, maximum=2**32 - 1, title="Seed", section=section,
                      description="Empty is the system's."),
    }  # fmt: skip


def _how_to_cut() -> dict[str, Any]:
    walk, groups, both = "Walk-forward", "Combinatorial", "Both schemes"
    return {
        "folds": _count((1, 50), "Folds", walk, "Trainings; empty is 4."),
        "train_candles": _count((1, 1_000_000), "First training", walk,
                                "Candles of it and its validation; empty is half of the history."),
        "is_anchored": Param(None, type=["null", "boolean"], title="Anchored", section=walk,
                             description="Every training begins at the oldest candle; else they keep their length."),
        "groups": _count((2, 20), "Groups", groups, "Equal parts of the history; empty is 6."),
        "tested": _count((1, 19), "Tested at once", groups, "Groups of each test; empty is 2."),
        "embargo_candles": _count((0, 100_000), "Embargo", groups,
                                  "Candles kept out after a test, beside the purge; empty is the system's."),
        "purge_candles": _count((0, 100_000), "Purge", both,
                                "Candles kept out of training next to a test; empty is the system's embargo."),
        "validation_candles": _count((1, 100_000), "Validation", both,
                                     "Newest candles of a training, to choose its checkpoint; empty is the system's."),
    }  # fmt: skip


def approval() -> dict[str, Any]:
    """Return the fields beside an approval."""
    return {
        # empty and demanded: the buttons of the form wait for a reason, and no answer in time has none
        "reason": Param("", type="string", maxLength=2_000, title="Reason",
                        description="Why; it stands in the decision bundle."),
    }  # fmt: skip


def training_checks() -> dict[str, Any]:
    """Return the form of `training_checks`."""
    return {
        "slot": Param("auto", type="string", enum=["auto", *schedules.check_slots()], title="Slot",
                      description="Which of the day's checks to run; `auto` goes by the time of the run."),
    }  # fmt: skip


def revalidation_day() -> dict[str, Any]:
    """Return the form of `revalidation_day`."""
    return {
        "step": Param("auto", type="string", enum=["auto", *get_args(RevalidationSlot)], title="Step",
                      description="Which step of the day to make; `auto` goes by the time of the run."),
    }  # fmt: skip


def _count(bounds: tuple[int, int], title: str, section: str, description: str) -> Param:
    least, most = bounds
    return Param(None, type=["null", "integer"], minimum=least, maximum=most, title=title, section=section,
                 description=description)  # fmt: skip


def _symbols() -> Param:
    return Param("all", type="string", pattern=SYMBOLS, title="Symbols",
                 description="`all`, or unified symbols such as BTC/USDT:USDT, ETH/USDT:USDT.")  # fmt: skip


def _system(section: str) -> Param:
    names = system_names()
    return Param(names[0], type="string", enum=names, title="System", section=section)


def _instant(title: str, description: str) -> Param:
    return Param(
        None, type=["null", "string"], pattern=INSTANT, title=title, description=description + " ISO 8601, UTC."
    )
