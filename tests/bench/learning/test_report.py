from dataclasses import replace
from pathlib import Path

import pytest

from bench.learning.__main__ import RESULTS
from bench.learning.cases import CASES, GROUPS, chosen
from bench.learning.figures import draw
from bench.learning.report import rows, table
from bench.learning.rule import ThresholdRule
from bench.learning.trial import Result, Trial, Verdict
from include.core.errors import InvalidInputError

VERDICT = Verdict(net=8.0, gross=9.5, net_error=0.5, gross_error=0.4, trades=12.0, share=0.8, share_error=0.021)
TRIAL = Trial(7, ((0, -1.0), (16_384, 8.0)), VERDICT, replace(VERDICT, share=0.75))
RESULT = Result(CASES[0], 8, ThresholdRule(0.4, 0.0, 6), 10.0, 10.5, (TRIAL,))


def test_a_row_shows_profits_and_shares_with_their_errors() -> None:
    (row,) = rows([RESULT])
    assert row["seed"] == "7"
    assert row["rule net %"] == "10.0"
    assert row["net %"] == "8.0 ± 0.5"
    assert row["share"] == "80.0% ± 2.1%"
    assert row["share, last"] == "75.0% ± 2.1%"
    assert table([row]).count("\n") == 2


def test_without_a_rule_there_is_no_share() -> None:
    lost = replace(VERDICT, share=None, share_error=None)
    (row,) = rows([replace(RESULT, rule=None, trials=(replace(TRIAL, best=lost, final=lost),))])
    assert row["share"] == row["rule net %"] == "–"


def test_every_group_has_its_figure(tmp_path: Path) -> None:
    results = [replace(RESULT, case=case) for case in CASES]
    assert {file.name for file in draw(results, tmp_path)} == {f"learning-{group}.png" for group in GROUPS}
    assert all((tmp_path / f"learning-{group}.png").stat().st_size > 10_000 for group in GROUPS)


def test_groups_are_chosen_by_name() -> None:
    assert {case.groups for case in chosen("leak,martingale")} == {("leak",), ("martingale",)}
    assert chosen(None) == CASES
    with pytest.raises(InvalidInputError, match=r"`--only`.*'luck'"):
        chosen("luck")


def test_results_are_read_back_as_they_were_written() -> None:
    assert RESULTS.validate_json(RESULTS.dump_json([RESULT])) == [RESULT]
