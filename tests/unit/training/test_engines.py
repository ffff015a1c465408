"""Engines by name, and where they can be computed."""

import subprocess
import sys

import pytest
import torch

from include.config.choices import ENGINE_NAMES
from include.core.errors import InvalidInputError
from include.training.engines import ENGINES, make_trainer, resolve_device
from tests.unit.training.builders import tiny_dataset, tiny_system


def test_every_engine_of_the_configuration_is_there_and_no_other() -> None:
    assert set(ENGINES) == set(ENGINE_NAMES)


@pytest.mark.parametrize("engine", ["sb3", "fused"])
def test_an_engine_begins_at_step_0_and_advances_by_one_rollout(engine: str) -> None:
    trainer = make_trainer(tiny_system(engine=engine), tiny_dataset(), "cpu")
    assert trainer.timestep == 0
    assert trainer.advance().timestep == trainer.timestep == 64


def test_both_engines_start_from_the_same_parameters() -> None:
    hashes = {make_trainer(tiny_system(engine=name), tiny_dataset(), "cpu").model().sha256 for name in ENGINES}
    assert len(hashes) == 1


def test_auto_is_the_processor() -> None:
    assert resolve_device("sb3", "auto") == resolve_device("fused", "auto") == resolve_device("fused", "cpu") == "cpu"


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="`device` must be one of auto, cpu, cuda, was 'tpu'"):
        resolve_device("sb3", "tpu")


def test_the_fused_engine_refuses_a_graphics_card() -> None:
    with pytest.raises(InvalidInputError, match=r"`device` must be auto or cpu for engine fused.*--engine sb3"):
        resolve_device("fused", "cuda")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a graphics card")
def test_a_machine_without_a_graphics_card_says_so() -> None:
    with pytest.raises(InvalidInputError, match="torch finds no graphics card"):
        resolve_device("sb3", "cuda")


def test_naming_the_engines_does_not_import_the_slow_one() -> None:
    code = (
        "import sys; from include.training.engines import resolve_device; assert 'stable_baselines3' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
