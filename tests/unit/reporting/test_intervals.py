"""The drawn interval stands where its numbers are."""

import re

from include.reporting.intervals import WIDTH, interval_svg
from tests.unit.reporting.results import evidence_of, result_of


def test_bar_limit_and_dot_are_on_one_scale() -> None:
    # interval 0.05 to 2.5, limit 1, observed 1.25: 168 px over 2.45
    drawn = str(interval_svg(result_of().gate_rows[0]))
    x, width = (float(re.search(r'<rect class="span" x="([0-9.]+)".*?width="([0-9.]+)"', drawn)[i]) for i in (1, 2))
    limit = float(re.search(r'x1="([0-9.]+)"', drawn)[1])
    seen = float(re.search(r'cx="([0-9.]+)"', drawn)[1])
    assert (x, x + width) == (6.0, WIDTH - 6.0)
    assert abs(limit - (6 + 168 * 0.95 / 2.45)) < 0.1
    assert abs(seen - (6 + 168 * 1.20 / 2.45)) < 0.1
    assert 'class="interval pass"' in drawn


def test_without_an_interval_nothing_is_drawn() -> None:
    whole = evidence_of()
    bounds = tuple(bound.model_copy(update={"low": None, "high": None}) for bound in whole.bounds)
    rows = result_of(evidence=whole.model_copy(update={"bounds": bounds})).gate_rows
    assert {interval_svg(row) for row in rows} == {""}


def test_what_is_all_at_one_place_is_drawn_there() -> None:
    whole = evidence_of()
    bounds = tuple(bound.model_copy(update={"low": 1.0, "high": 1.0}) for bound in whole.bounds)
    metrics = result_of().metrics | {"sharpe": 1.0}
    drawn = interval_svg(result_of(metrics=metrics, evidence=whole.model_copy(update={"bounds": bounds})).gate_rows[0])
    assert 'cx="6.0"' in drawn
