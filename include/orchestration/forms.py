"""The typed forms of manual triggers: bounds, patterns and choices, the choices read from configuration.

The API server refuses a bad value with 400 and the field's name before a run exists.
"""

from typing import Any

from airflow.sdk import Param

from include.config.files import preset_names, system_names
from include.core.timeframes import TIMEFRAMES_MS
from include.orchestration import schedules

SYMBOL = r"[A-Z0-9]+/[A-Z]+:[A-Z]+"
SYMBOLS = rf"^(all|{SYMBOL}(,\s*{SYMBOL})*)$"
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$"
INSTANT = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?$"


def market_data() -> dict[str, Any]:
    """Return the form of `market_data`."""
    return {
        "symbols": _symbols(),
        "timeframe": Param("4h", type="string", enum=list(TIMEFRAMES_MS), title="Timeframe"),
        "start": _instant("Start", "First candle to fetch; empty continues where the lake ends."),
        "end": _instant("End", "First candle not to fetch; empty goes up to the newest closed candle."),
    }


def train_ppo() -> dict[str, Any]:
    """Return the form of `train_ppo`."""
    return {
        "system": _system("What to train"),
        "preset": Param(None, type=["null", "string"], enum=[None, *preset_names()], title="Preset",
                        section="What to train",
                        description="Named change of the hyper-parameters; empty is the checklist's."),
        "steps": Param(None, type=["null", "integer"], minimum=1, maximum=100_000_000, title="Steps",
                       section="How long", description="Environment steps; empty is the profile's, else the system's."),
        "seed": Param(None, type=["null", "integer"], minimum=0, maximum=2**32 - 1, title="Seed", section="How long",
                      description="Empty is the system's."),
        "output": Param(None, type=["null", "string"], pattern=NAME, title="Run name", section="Where to",
                        description="Name of the run; empty derives it from dataset, configuration and seed."),
    }  # fmt: skip


def revalidate_model() -> dict[str, Any]:
    """Return the form of `revalidate_model`."""
    return {
        "system": _system("What to revalidate"),
        "run": Param("latest", type="string", pattern=NAME, title="Run", section="What to revalidate",
                     description="`latest`, or the id of a finished run."),
    }  # fmt: skip


def training_checks() -> dict[str, Any]:
    """Return the form of `training_checks`."""
    return {
        "slot": Param("auto", type="string", enum=["auto", *schedules.check_slots()], title="Slot",
                      description="Which of the day's checks to run; `auto` goes by the time of the run."),
    }  # fmt: skip


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
