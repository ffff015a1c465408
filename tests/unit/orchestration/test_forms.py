import re

import pytest
from airflow.sdk.exceptions import ParamValidationError

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


@pytest.mark.parametrize(
    "text",
    ["", "training.seed=7", "reward.clip = 5\r\nsymbols=[]\n", "\n\ntraining.net_arch=[64, 64]\n \nsplits.a=x=y "],
)
def test_changes_are_lines_of_key_and_value(text: str) -> None:
    assert re.match(forms.OVERRIDES, text)


@pytest.mark.parametrize(
    "text",
    ["training.seed", "training.seed=", "gates=1", "trainings.seed=1", "training.=1", "training.seed=1\nseed 2", "=1"],
)
def test_other_changes_are_refused(text: str) -> None:
    assert not re.match(forms.OVERRIDES, text)


@pytest.mark.timeout(5)
def test_a_long_wrong_text_of_changes_is_refused_at_once() -> None:
    assert not re.match(forms.OVERRIDES, "training.a=" + " " * 1_000 + "b\n" * 1_000 + "!")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("episodes", -1),
        ("minutes", 0),
        ("seeds", []),
        ("seeds", [-1]),
        ("seeds", [1, 1]),
        ("seeds", "1"),
        ("engine", "warp"),
        ("preset", "brave"),
        ("system", "alchemy"),
        ("overrides", "training.seed"),
        ("resume", "../run"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(name: str, value: object) -> None:
    with pytest.raises(ParamValidationError):
        forms.train_ppo()[name].resolve(value)


@pytest.mark.parametrize(("name", "value"), [("seeds", [1, 2]), ("minutes", 0.5), ("engine", "sb3"), ("steps", 1)])
def test_a_good_value_is_taken(name: str, value: object) -> None:
    assert forms.train_ppo()[name].resolve(value) == value


def test_choices_come_from_configuration() -> None:
    form = forms.train_ppo()
    assert form["system"].schema["enum"] == ["phase4", "shadow"]
    assert {None, "checklist", "diverging", "handoff"} <= set(form["preset"].schema["enum"])
    assert form["engine"].schema["enum"] == [None, "fused", "sb3"]
    assert forms.training_checks()["slot"].schema["enum"] == [
        "auto",
        "standup",
        "convergence",
        "snapshot",
        "checkpoints",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("symbols", "BTCUSDT"),
        ("timeframe", "7m"),
        ("start", "yesterday"),
        ("start", "2026-01-01T00:00:00; rm"),
        ("end", "01.02.2026"),
        ("series", "Candles"),
        ("series", "candles;mark"),
    ],
)
def test_a_bad_value_of_a_back_fill_is_refused_by_its_field(name: str, value: object) -> None:
    with pytest.raises(ParamValidationError):
        forms.backfill()[name].resolve(value)


@pytest.mark.parametrize(
    ("name", "value"), [("start", None), ("end", "2026-01-01"), ("series", "candles, mark"), ("timeframe", "1m")]
)
def test_a_good_value_of_a_back_fill_is_taken(name: str, value: object) -> None:
    assert forms.backfill()[name].resolve(value) == value


@pytest.mark.parametrize(
    "form",
    ["market_data", "backfill", "train_ppo", "revalidate_model", "cross_validate", "training_checks"],
)
def test_no_field_is_empty_and_demanded_at_once(form: str) -> None:
    # the form of Airflow demands every text that may not be null, and its button stays grey while one is empty
    for name, param in getattr(forms, form)().items():
        assert param.value != "", name
