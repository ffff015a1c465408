import numpy as np
import pandas as pd

from include.core.columns import CANDLES, FEAR_GREED, FUNDING_RATES, MACRO
from include.validation.subjects import Broken, named, subject_name, subject_names


def test_candles_stand_for_the_whole_symbol_other_tables_for_themselves() -> None:
    assert subject_name(CANDLES, "A") == "A"
    assert subject_name(FUNDING_RATES, "A") == "funding_rates A"
    assert subject_name(MACRO, "DGS10") == "macro DGS10"
    assert subject_name(FEAR_GREED, "anything") == "fear_greed"


def test_rows_are_named_by_whose_they_are_each_once() -> None:
    frame = pd.DataFrame({"symbol": ["A", "B", "A", None]})
    assert subject_names(CANDLES, frame, np.array([0, 2, 3])) == ["A"]
    assert subject_names(CANDLES, frame, np.array([], dtype=np.int64)) == []


def test_broken_rows_are_counted_over_all_parts_and_the_first_shown() -> None:
    broken = Broken()
    broken.add(np.array([250_001, 250_007]), ["B"])
    broken.add(np.array([4]), ["A"])
    assert broken.text(2) == " in 3 rows (first: 4, 250001)"
    assert broken.subjects == {"A", "B"}
    assert Broken().text(2) == ""


def test_many_names_are_cut_short_and_a_long_one_too() -> None:
    assert named([]) == ""
    assert named(["A", "B"]) == ": A, B"
    assert named([str(n) for n in range(7)]) == ": 0, 1, 2, 3, 4 and 2 more"
    assert named(["x" * 500]) == ": " + "x" * 80
