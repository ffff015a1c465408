from include.features.families.smart_money_specs import SPECS


def test_there_are_sixteen_each_side_beside_the_other():
    assert [spec.name.removeprefix("f_smart_money_") for spec in SPECS] == [
        "trend_5",
        "bos_bull_42", "bos_bear_42", "choch_bull_42", "choch_bear_42",
        "block_distance_bull_360", "block_distance_bear_360", "blocks_bull_360", "blocks_bear_360",
        "gap_distance_bull_180", "gap_distance_bear_180", "gaps_bull_180", "gaps_bear_180",
        "pool_above_360", "pool_below_360",
        "premium_5",
    ]  # fmt: skip


def test_each_is_bounded_and_warms_up_before_the_slowest_average():
    for spec in SPECS:
        assert max(map(abs, spec.range)) <= 360.0
        assert 0 < spec.warmup <= 609
