"""The whole judgement on controls whose answer is known."""

import numpy as np
import pytest

from include.config.system import load_system
from include.evaluation.backtest import BacktestResult, backtest_stage
from include.evaluation.baselines import random_policy
from include.evaluation.evidence import TrialFacts
from include.evaluation.judgement import Case, Judgement, Rival, judge, trial_facts
from include.evaluation.network import Network
from include.evaluation.overfitting import Overfitting
from include.evaluation.replay import Stage
from include.evaluation.trials import Opening, Scored
from include.features.dataset import Dataset
from tests.support.controls import foreseen_market, seer
from tests.support.datasets import dataset_of, martingale
from tests.unit.evaluation.test_trial_ledger import trial

SYSTEM = load_system("phase4")
ALONE = TrialFacts(
    trials_count=1, effective_trials=1.0, sharpe_variance=0.0, ledger_sha256="0", opening=1, candidates_before=0,
    contamination="", selection=Overfitting(pbo=None, loss_share=None, slope=None, trials=1, splits=0, reason="one"),
)  # fmt: skip


def network(features: int) -> Network:
    size = features + 10
    return Network(seer(features), np.zeros(size), np.ones(size), np.inf)


def judged(dataset: Dataset, policy: object, **more: object) -> Judgement:
    stage = Stage(SYSTEM, dataset, "test")
    played: BacktestResult = backtest_stage(stage, policy)  # type: ignore[arg-type]
    facts = {"inactive_features": {}, "draws": 5, "seed": 1, "trials": ALONE} | more
    return judge(Case(stage, dataset, played, **facts))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def leaked() -> Judgement:
    return judged(foreseen_market(), network(3))


def test_a_model_that_sees_the_next_candle_is_go_with_sufficient_evidence(leaked: Judgement) -> None:
    evidence = leaked.evidence
    assert leaked.decision == "GO"
    assert evidence.sufficiency == "sufficient", evidence.reasons
    # 417 shifts of at least a week either way, none of which does as well
    assert evidence.shifts == 417
    assert evidence.p_value == 1 / 418
    assert evidence.deflated_sharpe > 0.999
    assert evidence.bounds[0].worst > 1.0
    assert evidence.luck[0].share == 0.0


def test_the_same_model_judged_again_gives_the_same_to_the_last_digit(leaked: Judgement) -> None:
    assert judged(foreseen_market(), network(3)).evidence == leaked.evidence


def test_models_without_skill_never_have_sufficient_evidence() -> None:
    dataset = dataset_of(*(martingale(f"S{i}/USDT:USDT", 1_600, seed=i) for i in range(4)))
    found = [judged(dataset, random_policy(seed)) for seed in range(6)]
    assert {one.evidence.sufficiency for one in found} == {"insufficient"}
    assert any("other times score as well" in reason for reason in found[0].evidence.reasons)


def test_many_tries_and_a_contaminated_window_take_the_evidence_away(leaked: Judgement) -> None:
    seen = ALONE.model_copy(update={"contamination": "this model saw the window before"})
    again = judged(foreseen_market(), network(3), trials=seen)
    assert (again.decision, again.evidence.sufficiency) == ("GO", "insufficient")
    many = ALONE.model_copy(update={"effective_trials": 1e6, "sharpe_variance": 0.2})
    tried = judged(foreseen_market(), network(3), trials=many)
    assert tried.evidence.deflated_sharpe < 0.5
    assert tried.evidence.sufficiency == "insufficient"


def test_a_champion_is_played_on_the_same_window(leaked: Judgement) -> None:
    compared = judged(foreseen_market(), random_policy(1), rival=Rival("seer", network(3)))
    assert compared.evidence.comparison is not None
    assert compared.evidence.comparison.recommendation == "roll_back"
    assert compared.champion is not None
    np.testing.assert_array_equal(compared.champion.portfolio_equity, leaked.played.portfolio_equity)


def test_trials_on_other_candles_of_the_window_count_whole() -> None:
    rng = np.random.default_rng(1)
    same = rng.normal(size=499)
    scored = tuple(
        Scored(number, trial(f"m{number}", sharpe=0.1 * number), returns)
        for number, returns in enumerate([same, same, rng.normal(size=300)], start=1)
    )
    opening = Opening(number=4, candidates_before=2, is_contaminated=False, reason="")
    facts = trial_facts(scored, scored, opening)
    assert (facts.trials_count, facts.opening, facts.candidates_before) == (3, 4, 2)
    assert facts.effective_trials == pytest.approx(2.0)  # two copies are one, the third is on other candles
    assert facts.sharpe_variance == pytest.approx(0.01)
    assert facts.selection.trials == 2


def test_several_trials_without_two_ratios_deflate_nothing_and_say_why() -> None:
    rng = np.random.default_rng(1)
    idle = np.zeros(499)
    opening = Opening(number=1, candidates_before=0, is_contaminated=False, reason="")
    alone = trial_facts((Scored(1, trial("a", sharpe=0.1), rng.normal(size=499)),), (), opening)
    assert (alone.effective_trials, alone.sharpe_variance) == (1.0, 0.0)
    pair = (Scored(1, trial("a", sharpe=0.1), rng.normal(size=499)), Scored(2, trial("b", sharpe=None), idle))
    facts = trial_facts(pair, (), opening)
    assert facts.sharpe_variance is None
    found = judged(foreseen_market(), network(3), trials=facts)
    assert found.evidence.deflated_sharpe is None
    assert "No deflated Sharpe ratio: fewer than two of the trials have a Sharpe ratio." in found.evidence.reasons
    assert found.evidence.sufficiency == "insufficient"


def test_the_number_of_gates_has_a_p_value_from_the_same_draws(leaked: Judgement) -> None:
    passed = sum(result.passed for result in leaked.gates.results)
    expected = (leaked.nulls.gates.sum(axis=1) >= passed).mean()
    assert leaked.evidence.gates_rate.share == expected == 0.0
    assert leaked.evidence.gates_rate.high > 0.0
