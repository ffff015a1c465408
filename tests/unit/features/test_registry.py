import re

import pytest

from include.config.files import system_names
from include.config.system import load_system
from include.core.errors import InvalidInputError
from include.features.registry import FEATURE_SETS, feature_set

FAST_CANDLES = 2200


def test_shadow15_holds_fifteen_features_that_are_warm_within_two_hours_of_minutes():
    shadow = feature_set("shadow15")
    assert len(shadow.specs) == 15
    assert shadow.warmup < 120


def test_market94_holds_the_documented_families_in_their_order():
    assert [(family.name, len(family.specs)) for family in feature_set("market94").families] == [
        ("price", 8),
        ("technical", 40),
        ("smart_money", 16),
        ("sentiment", 10),
        ("macro", 20),
    ]


@pytest.mark.parametrize("chosen", FEATURE_SETS.values(), ids=FEATURE_SETS)
def test_names_are_unique_and_spelled_by_the_rule(chosen):
    assert len(set(chosen.names)) == len(chosen.names)
    assert all(re.fullmatch(r"f_[a-z]+_[a-z0-9_]+_\d+", name) for name in chosen.names)
    assert all(spec.family == family.name for family in chosen.families for spec in family.specs)


def test_every_system_names_a_set_that_exists():
    assert {load_system(name).feature_set for name in system_names()} <= set(FEATURE_SETS)


def test_the_fast_profile_leaves_enough_candles_for_training():
    splits = load_system("phase4").splits
    behind = splits.test_candles + splits.validation_candles + 2 * splits.embargo_candles
    assert FAST_CANDLES - feature_set("market94").warmup - behind >= splits.min_train_candles


def test_an_unknown_set_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInputError, match="`feature_set` must be one of market94, shadow15, was 'market95'"):
        feature_set("market95")
