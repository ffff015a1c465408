"""The curves of a run as its page draws them: thinned out, and only what came since the page last asked.

Reading the logs does not belong here (`include/training/facts.py`), nor drawing (`static/charts.js`).
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.training.facts import RunFacts
from include.training.logs import CONVERGENCE, EPISODES, UPDATES, VALIDATION

MOST_POINTS = 1_000


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve: where it comes from, and how it is shown.

    Attributes
    ----------
    key, title, note : str
        Its name in the answer, for people, and what it should do.
    log, x, y : str
        File and columns.
    style : str
        `number` or `share`, of which a hundred times is shown in percent.
    has_points : bool
        Every value is marked: they are few.
    window : int
        Values whose mean is drawn, trailing; undefined ones do not count.
    has_all_limits : bool
        Its limits are drawn even where they are far from every value.
    """

    key: str
    title: str
    note: str
    log: str
    x: str
    y: str
    style: str = "number"
    has_points: bool = False
    has_all_limits: bool = False
    window: int = 1


_STEP, _ENDED = "timestep", "timesteps"
CURVES = (
    Curve("reward", "Reward", "mean per rollout", CONVERGENCE.name, _STEP, "reward"),
    Curve("kl", "KL divergence", "below its limits", CONVERGENCE.name, _STEP, "kl_divergence",
          has_all_limits=True),
    Curve("validation", "Validation return", "chooses the best", VALIDATION.name, _STEP, "total_return", "share",
          has_points=True),
    Curve("policy_loss", "Policy loss", "small, around zero", UPDATES.name, _STEP, "policy_loss"),
    Curve("value_loss", "Value loss", "falls, then stays", UPDATES.name, _STEP, "value_loss"),
    Curve("entropy", "Entropy", "falls slowly, not to zero", UPDATES.name, _STEP, "entropy"),
    Curve("clip_fraction", "Clip fraction", "between its limits", UPDATES.name, _STEP, "clip_fraction"),
    Curve("episode_reward", "Episode reward", "mean of 50 episodes", EPISODES.name, _ENDED, "reward", window=50),
    Curve("win_rate", "Win rate", "mean of 50 episodes", EPISODES.name, _ENDED, "win_rate", "share", window=50),
)  # fmt: skip


def limits_of(system: SystemConfig, actions: int) -> dict[str, list[dict[str, Any]]]:
    """Return the limits that alerts hold each curve to, by the curve's key: `value`, `severity`."""
    alerts = system.alerts
    least_entropy = alerts.entropy_share * math.log(actions)
    lines = {
        "kl": ((alerts.kl_warning, "warning"), (alerts.kl_critical, "critical")),
        "entropy": ((least_entropy, "warning"),),
        "clip_fraction": ((alerts.clip_fraction_low, "warning"), (alerts.clip_fraction_high, "warning")),
        "win_rate": ((alerts.win_rate, "warning"),),
    }
    return {
        key: [{"value": value, "severity": severity} for value, severity in of_curve] for key, of_curve in lines.items()
    }


def definitions() -> list[dict[str, Any]]:
    """Return how each curve is shown, in their order."""
    return [asdict(curve) for curve in CURVES]


def curves(facts: RunFacts, since: str | None = None) -> dict[str, Any]:
    """Return the curves of a run, JSON-able.

    Parameters
    ----------
    facts : RunFacts
        The run now.
    since : str or None
        `cursor` of an earlier answer; None, and any other text, asks for everything.

    Returns
    -------
    dict
        `cursor`; `is_whole`: the points replace those that the page has, else they go on behind them;
        `series`: by key `x` (steps) and `y`, at most 1,000 points each, None where a value is undefined.
    """
    tables = {
        CONVERGENCE.name: facts.convergence,
        UPDATES.name: facts.updates,
        EPISODES.name: facts.episodes,
        VALIDATION.name: facts.validation,
    }
    rows = {name: len(next(iter(table.values()))) for name, table in tables.items()}
    begun = int(facts.info.started_at.timestamp() * 1000)
    seen = _rows_seen(since, begun, rows)
    series = {}
    for curve in CURVES:
        table = tables[curve.log]
        first = seen[curve.log] if seen else 0
        series[curve.key] = _points(table[curve.x][first:], trailing_mean(table[curve.y], curve.window)[first:])
    cursor = ".".join(map(str, (begun, *rows.values())))
    return {"cursor": cursor, "is_whole": seen is None, "series": series}


def thin_out(
    x: NDArray[np.float64], y: NDArray[np.float64], most: int = MOST_POINTS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return at most `most` points of a curve: of every stretch its least, its greatest and one undefined value.

    An average would hide the one update that diverged, and a dropped undefined value would join what is apart.
    """
    if len(x) <= most:
        return x, y
    kept: list[int] = []
    for stretch in np.array_split(np.arange(len(x)), most // 3):
        known = stretch[np.isfinite(y[stretch])]
        chosen = {int(known[np.argmin(y[known])]), int(known[np.argmax(y[known])])} if len(known) else set()
        chosen.update(stretch[~np.isfinite(y[stretch])][:1].tolist())
        kept += sorted(chosen)
    return x[kept], y[kept]


def trailing_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the mean of the last `window` values up to each; undefined ones do not count, NaN where all are."""
    if window == 1:
        return values
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    number = counts[ends] - counts[starts]
    return np.where(number > 0, (sums[ends] - sums[starts]) / np.maximum(number, 1), np.nan)


def _points(x: NDArray[np.float64], y: NDArray[np.float64]) -> dict[str, list[float | None]]:
    steps, values = thin_out(x, y)
    return {
        "x": [int(step) for step in steps],
        # JSON has no NaN; None is a gap of the curve
        "y": [float(value) if math.isfinite(value) else None for value in values],
    }


def _rows_seen(since: str | None, begun: int, rows: dict[str, int]) -> dict[str, int] | None:
    """Return how many rows of each log the page has, None when it must take everything anew."""
    parts = (since or "").split(".")
    if len(parts) != len(rows) + 1 or not all(part.isascii() and part.isdigit() and len(part) < 18 for part in parts):
        return None
    counts = dict(zip(rows, map(int, parts[1:]), strict=True))
    # another training under this id, or logs cut back by a resume
    is_other = int(parts[0]) != begun or any(counts[name] > rows[name] for name in rows)
    return None if is_other else counts
