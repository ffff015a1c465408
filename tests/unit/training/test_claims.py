from pathlib import Path

import pytest

from include.core.errors import DuplicateError
from include.training.claims import claim_training


def test_a_second_request_is_refused_while_the_first_is_under_way(tmp_path: Path) -> None:
    claim = tmp_path / "claims" / "r1.json"
    claim_training(claim, "r1", "first", lambda _: False)
    with pytest.raises(DuplicateError, match=r"`r1` was asked for already, by the DAG run `first`.*Hint"):
        claim_training(claim, "r1", "second", lambda holder: holder == "first")
    # a retry of the first is no second request
    claim_training(claim, "r1", "first", lambda _: True)


def test_who_ended_loses_the_claim(tmp_path: Path) -> None:
    claim = tmp_path / "r1.json"
    claim_training(claim, "r1", "first", lambda _: True)
    claim_training(claim, "r1", "second", lambda _: False)
    with pytest.raises(DuplicateError, match="`second`"):
        claim_training(claim, "r1", "first", lambda _: True)


@pytest.mark.parametrize("text", ["", '{"run_id": "r', "[]", "{}"])
def test_a_claim_that_a_crash_cut_short_counts_for_nobody(tmp_path: Path, text: str) -> None:
    claim = tmp_path / "r1.json"
    claim.write_text(text, encoding="utf-8")
    claim_training(claim, "r1", "second", lambda _: True)
    with pytest.raises(DuplicateError, match="`second`"):
        claim_training(claim, "r1", "third", lambda _: True)
