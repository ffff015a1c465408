from pathlib import Path

import pytest

from include.training.claims import claim


def test_who_comes_second_finds_the_first_while_it_is_under_way(tmp_path: Path) -> None:
    file = tmp_path / "claims" / "r1.json"
    assert claim(file, "first", lambda _: False) == "first"
    assert claim(file, "second", lambda holder: holder == "first") == "first"
    # a retry of the first is no second request
    assert claim(file, "first", lambda _: True) == "first"


def test_who_ended_loses_the_claim(tmp_path: Path) -> None:
    file = tmp_path / "r1.json"
    claim(file, "first", lambda _: True)
    assert claim(file, "second", lambda _: False) == "second"
    assert claim(file, "first", lambda _: True) == "second"


@pytest.mark.parametrize("text", ["", '{"claimant": "r', "[]", "{}"])
def test_a_claim_that_a_crash_cut_short_counts_for_nobody(tmp_path: Path, text: str) -> None:
    file = tmp_path / "r1.json"
    file.write_text(text, encoding="utf-8")
    assert claim(file, "second", lambda _: True) == "second"
    assert claim(file, "third", lambda _: True) == "second"
