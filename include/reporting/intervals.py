"""A gate's interval drawn: where the metric may truly be, where it was, where the limit is."""

from markupsafe import Markup

from include.reporting.verdict import GateRow

WIDTH, HEIGHT = 180, 22
_MARGIN = 6.0


def interval_svg(row: GateRow) -> Markup:
    """Return an inline SVG: a bar for the 95 % interval, a dot for what was observed, a line for the limit.

    Empty where the metric has no interval. Classes only: the page's style sheet colours them.
    """
    bound = row.bound
    if bound.low is None or bound.high is None or row.observed is None:
        return Markup("")
    low, high = min(bound.low, row.limit, row.observed), max(bound.high, row.limit, row.observed)
    scale = (WIDTH - 2 * _MARGIN) / (high - low) if high > low else 0.0

    def at(value: float) -> float:
        return round(_MARGIN + (value - low) * scale, 1)

    middle = HEIGHT / 2
    return Markup(
        '<svg class="interval {}" viewBox="0 0 {} {}" role="img" aria-label="95 % interval against the limit">'
        '<rect class="span" x="{}" y="{}" width="{}" height="6" rx="3"/>'
        '<line class="limit" x1="{}" x2="{}" y1="2" y2="{}"/>'
        '<circle class="seen" cx="{}" cy="{}" r="4"/></svg>'
    ).format(
        "pass" if row.passed else "fail",
        WIDTH,
        HEIGHT,
        at(bound.low),
        middle - 3,
        max(round(at(bound.high) - at(bound.low), 1), 1.0),
        at(row.limit),
        at(row.limit),
        HEIGHT - 2,
        at(row.observed),
        middle,
    )
