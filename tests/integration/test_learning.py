"""PPO on markets with a known answer: it finds a planted edge, nothing in a martingale, and a leaked future at once."""

import pytest

from bench.learning.cases import CASES, Case
from bench.learning.trial import Result, Scale, run_case

SEEDS = (1, 2, 3)
SMALL = Scale(symbols=20, rows=2_000, tuning=4, validation=10, test=40, interval=20_480)


def case(name: str) -> Case:
    (found,) = (case for case in CASES if case.name == name)
    return found


def shares(result: Result) -> list[float]:
    assert result.rule_net > 0.0
    return [trial.best.share or 0.0 for trial in result.trials]


@pytest.mark.integration
@pytest.mark.timeout(300)
def test_a_short_training_finds_much_of_a_planted_edge() -> None:
    # a policy that was not trained wins nothing: its share lies about 0
    result = run_case(case("8 active of 94 features"), SEEDS[:1], steps=61_440, scale=SMALL)
    assert abs(result.trials[0].curve[0][1]) < 0.2 * result.rule_validation
    assert shares(result)[0] > 0.4


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("columns", ["8 active of 94 features", "4 features"])
def test_ppo_wins_at_least_80_percent_of_the_best_threshold_rule(columns: str) -> None:
    result = run_case(case(columns), SEEDS)
    assert result.rule_net > 20.0
    assert min(shares(result)) >= 0.8


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_the_steady_preset_wins_80_percent_through_86_columns_of_noise() -> None:
    result = run_case(case("94 active, preset steady"), SEEDS)
    assert min(shares(result)) >= 0.8


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("costs", ["with costs", "without fees and slippage"])
def test_a_martingale_pays_nothing_before_costs(costs: str) -> None:
    for trial in run_case(case(costs), SEEDS).trials:
        assert abs(trial.final.gross) <= 3 * trial.final.gross_error


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_a_leaked_future_wins_hugely() -> None:
    for trial in run_case(case("next return in one column"), SEEDS).trials:
        # 200 candles that double the account; the planted edge, one of the strongest that could be, gives 50 %
        assert trial.final.net > 100.0
