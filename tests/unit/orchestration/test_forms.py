import re

import pytest

from include.orchestration import forms


@pytest.mark.parametrize("text", ["all", "BTC/USDT:USDT", "BTC/USDT:USDT, 1000PEPE/USDT:USDT"])
def test_symbols_are_all_or_unified(text: str) -> None:
    assert re.match(forms.SYMBOLS, text)


@pytest.mark.parametrize("text", ["", "BTCUSDT", "BTC/USDT:USDT;rm", "../../etc", "all,BTC/USDT:USDT"])
def test_other_symbols_are_refused(text: str) -> None:
    assert not re.match(forms.SYMBOLS, text)


@pytest.mark.parametrize("text", ["../secret", "a/b", ".hidden", "", "a" * 121])
def test_a_run_name_cannot_leave_its_folder(text: str) -> None:
    assert not re.match(forms.NAME, text)


def test_choices_come_from_configuration() -> None:
    form = forms.train_ppo()
    assert form["system"].schema["enum"] == ["phase4", "shadow"]
    assert {None, "checklist", "diverging", "handoff"} <= set(form["preset"].schema["enum"])
    assert forms.training_checks()["slot"].schema["enum"] == [
        "auto",
        "standup",
        "convergence",
        "snapshot",
        "checkpoints",
    ]
