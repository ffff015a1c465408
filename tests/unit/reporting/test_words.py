import pytest

from include.reporting.words import (
    MEANINGS,
    drift_sentence,
    duration,
    gates_sentence,
    limit_text,
    metric_label,
    metric_text,
    minimum_text,
    null_sentence,
    percent,
    usd,
)
from tests.unit.reporting.results import result_of


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("sharpe", 1.254, "1.25"),
        ("sharpe", -3.5, "−3.50"),
        ("sharpe", -0.001, "0.00"),
        ("sharpe", None, "–"),
        ("max_drawdown", 0.1724, "17.24%"),
        ("consecutive_losses", 5.0, "5"),
        ("consecutive_losses", 4.5, "4.50"),
        ("trades", 12345.0, "12,345"),
        ("turnover", 1113.4, "1,113 ×"),
    ],
)
def test_a_metric_has_its_own_format(name: str, value: float | None, text: str) -> None:
    assert metric_text(name, value) == text


@pytest.mark.parametrize(("amount", "text"), [(1234.5, "$1,234.50"), (-0.5, "−$0.50"), (-0.001, "$0.00")])
def test_money_has_a_sign_before_its_currency(amount: float, text: str) -> None:
    assert usd(amount) == text


@pytest.mark.parametrize(("value", "text"), [(0.5, "50.00%"), (-0.0312, "−3.12%"), (-1e-9, "0.00%"), (None, "–")])
def test_fractions_are_shown_as_percentages(value: float | None, text: str) -> None:
    assert percent(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.21, "3.2 s"), (59.94, "59.9 s"), (245, "4 min 05 s"), (7800, "2 h 10 min")]
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_limits_say_their_direction_and_minima_their_verdict() -> None:
    sharpe, drawdown, factor = result_of().gate_rows
    assert limit_text(sharpe) == "≥ 1.00"
    assert limit_text(drawdown) == "≤ 15.00%"
    assert minimum_text(sharpe) == ""
    assert minimum_text(factor) == "minimum ≥ 1.00 reached"


def test_the_null_rate_is_said_in_words() -> None:
    assert null_sentence(result_of()).startswith("5% of 20 random policies")
    assert "5% of 20" in null_sentence(result_of())
    assert "interval 1% to 24%" in null_sentence(result_of())


def test_every_decision_has_a_meaning_and_a_next_step() -> None:
    assert "CTO for approval" in MEANINGS["GO"].next_step
    assert "retrain" in MEANINGS["PARTIAL-GO"].next_step
    assert "Manual review" in MEANINGS["PARTIAL-GO"].next_step
    assert "tuned hyper-parameters" in MEANINGS["NO-GO"].next_step


def test_an_unknown_metric_is_called_by_its_name() -> None:
    assert metric_label("calmar") == "Calmar ratio"
    assert metric_label("ulcer_index") == "Ulcer index"


def test_the_number_of_gates_is_told_with_how_often_luck_passes_as_many() -> None:
    assert gates_sentence(result_of()).startswith(
        "15% of them pass at least 2 of the 3 gates (95 % interval 5% to 36%)"
    )


def test_drift_is_told_in_a_sentence_or_said_to_be_unknown() -> None:
    assert drift_sentence(result_of()) == (
        "Of 2 features 2 have a population stability index above 0.1, 1 above 0.25; "
        "farther away than any stretch of training of the same length: 1."
    )
    assert drift_sentence(result_of(drift=())) == "Drift is not known: no feature has an index."
