import numpy as np
import pytest

from include.config.system import load_system
from include.environments.audit.scenario import Stage, fair_market, scripted
from include.environments.audit.systems import dataset_of, episode_env, rows_of, system_of
from include.features.registry import feature_set
from tests.support.defects.ledger import LedgerEnv
from tests.support.defects.phase4 import SeesNextCandle

STEP = 14_400_000
PHASE4 = load_system("phase4")
ROWS = rows_of(PHASE4)


def test_names_and_subclasses_lead_to_their_system():
    assert system_of("phase4").name == "phase4"
    assert system_of(SeesNextCandle).name == "phase4"
    assert system_of(LedgerEnv) is None


def test_the_dataset_has_the_real_features_of_warm_rows():
    market = fair_market(ROWS, STEP, 1)
    dataset = dataset_of(PHASE4, market)
    train = dataset.split("train")[market.symbol]

    assert dataset.info.features == feature_set("market94").names
    assert train.open_time[0] == market.open_time[feature_set("market94").warmup]
    assert train.open_time[-1] == market.open_time[-1]
    assert np.isfinite(train.features).all()
    assert (train.atr > 0).all()


def test_funding_settles_at_the_close_of_its_candle():
    market = scripted(Stage(ROWS, STEP, ROWS - 5), [], funding={1: 0.002})

    rates = dataset_of(PHASE4, market).series[market.symbol].funding_at_close

    assert rates.nonzero()[0].tolist() == [ROWS - 4]


def test_costs_and_exits_are_those_that_are_asked_for():
    market = fair_market(ROWS, STEP, 1)

    own = episode_env(PHASE4, market).unwrapped.system.account
    asked = episode_env(PHASE4, market.asking(fee=0.002, slippage=0.0, has_exits=False)).unwrapped.system.account

    assert own == PHASE4.account
    assert (asked.fee_bps, asked.slippage_bps) == pytest.approx((20.0, 0.0))
    assert asked.stop_atr > 1_000
    assert asked.take_profit_atr > 1_000


@pytest.mark.parametrize("face", [None, SeesNextCandle])
def test_a_fixed_episode_starts_with_the_first_warm_row_and_plays_them_all(face):
    market = fair_market(ROWS, STEP, 1)
    env = episode_env(PHASE4, market, face)
    _, info = env.reset(seed=1)
    steps, has_ended = 0, False
    while not has_ended:
        *_, has_ended, _ = env.step(0)
        steps += 1

    assert info["open_time"] == market.open_time[feature_set("market94").warmup]
    assert steps == ROWS - feature_set("market94").warmup - 1


@pytest.mark.parametrize("face", [None, SeesNextCandle])
def test_a_free_episode_starts_anywhere(face):
    env = episode_env(PHASE4, fair_market(ROWS, STEP, 1).asking(is_fixed=False), face)

    assert len({env.reset(seed=seed)[1]["open_time"] for seed in range(10)}) > 5
