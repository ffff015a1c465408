"""What is tried: which market, which columns, which hyper-parameters. Running it does not belong here (`trial.py`)."""

from dataclasses import dataclass, field
from typing import Any

from bench.learning.market import Columns, Process
from include.config.files import PRESETS, read_yaml
from include.core.errors import InvalidInputError

# the signal explains 12 % of the variance of the next return
EDGE = Process(strength=0.35)
FAIR = Process(strength=0.0)
EIGHT = Columns(active=8, inactive=86)
FOUR = Columns(active=4)
NOISE = Columns(active=94)

LARGE = {"training.n_envs": 8, "training.n_steps": 2048, "training.batch_size": 256}
SHORT_CREDIT = {"training.gamma": 0.95, "training.gae_lambda": 0.8}
DECAY = {"training.weight_decay": 1e-3}
# small updates on much data, short credit, weights that noise does not feed
STEADY = {f"training.{name}": value for name, value in read_yaml(PRESETS)["steady"]["training"].items()}
FREE = {"account.fee_bps": 0.0, "account.slippage_bps": 0.0}


@dataclass(frozen=True, slots=True)
class Case:
    """One training, repeated over seeds.

    Attributes
    ----------
    groups : tuple of str
        Figures that show it.
    name : str
        What sets it apart.
    process, columns : Process, Columns
        Market.
    settings : dict
        Changes to the system's configuration by dotted name; none is `phase4` exactly.
    is_screened : bool
        Columns that tell nothing about the next return on the training rows are set to 0 first.
    seeds : int or None
        How many of the seeds asked for; None: all.
    """

    groups: tuple[str, ...]
    name: str
    process: Process
    columns: Columns
    settings: dict[str, Any] = field(default_factory=dict)
    is_screened: bool = False
    seeds: int | None = None


CASES = (
    Case(("planted",), "8 active of 94 features", EDGE, EIGHT),
    Case(("planted",), "4 features", EDGE, FOUR),
    Case(("planted", "noise"), "94 active, phase4 exactly", EDGE, NOISE),
    Case(("noise",), "learning rate 1e-3, falling linearly", EDGE, NOISE, {
        "training.learning_rate": 1e-3, "training.learning_rate_schedule": "linear"}, seeds=1),
    Case(("noise",), "entropy coefficient 0.01", EDGE, NOISE, {"training.ent_coef": 0.01}, seeds=1),
    Case(("noise",), "networks [256, 256]", EDGE, NOISE, {"training.net_arch": [256, 256]}, seeds=1),
    Case(("noise",), "weight decay 1e-3", EDGE, NOISE, DECAY, seeds=1),
    Case(("noise",), "gamma 0.95, lambda 0.8", EDGE, NOISE, SHORT_CREDIT, seeds=1),
    Case(("noise",), "rollouts of 8 × 2048, batches of 256", EDGE, NOISE, LARGE, seeds=1),
    Case(("noise",), "large rollouts, gamma 0.95, lambda 0.8", EDGE, NOISE, LARGE | SHORT_CREDIT),
    Case(("planted", "noise"), "94 active, preset steady", EDGE, NOISE, STEADY),
    Case(("noise",), "features screened", EDGE, NOISE, is_screened=True),
    Case(("noise",), "features screened, preset steady", EDGE, NOISE, STEADY, is_screened=True),
    *(
        Case(("strength",), f"strength {strength:g}{label}", Process(strength), EIGHT, settings, seeds=1)
        for strength in (0.15, 0.25, 0.35)
        for label, settings in (("", {}), (", preset steady", STEADY))
    ),
    Case(("martingale",), "with costs", FAIR, EIGHT),
    Case(("martingale",), "without fees and slippage", FAIR, EIGHT, FREE),
    Case(("leak",), "next return in one column", Process(strength=0.0, is_leaked=True), EIGHT),
)  # fmt: skip
GROUPS = tuple(dict.fromkeys(group for case in CASES for group in case.groups))


def chosen(groups: str | None) -> tuple[Case, ...]:
    """Return the cases of `groups`, names separated by commas; None: all.

    Raises
    ------
    InvalidInputError
        There is no such group.
    """
    names = GROUPS if groups is None else groups.split(",")
    for name in names:
        if name not in GROUPS:
            raise InvalidInputError(f"`--only` must name groups of {', '.join(GROUPS)}, was {name!r}.")
    return tuple(case for case in CASES if set(case.groups) & set(names))
