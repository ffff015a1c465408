"""The engines by name. Each is imported only when it is asked for: torch alone takes seconds."""

from importlib import import_module

from include.config.system import SystemConfig
from include.core.errors import InvalidInputError
from include.features.dataset import Dataset
from include.training.engine import Trainer

ENGINES = {
    "sb3": ("include.training.sb3", "Sb3Trainer"),
    "fused": ("include.training.fused.trainer", "FusedTrainer"),
}
DEVICES = ("auto", "cpu", "cuda")


def make_trainer(system: SystemConfig, dataset: Dataset, device: str) -> Trainer:
    """Return the trainer of `system.training.engine`, at step 0; `device` as `resolve_device` gives it."""
    module, name = ENGINES[system.training.engine]
    engine = getattr(import_module(module), name)
    trainer: Trainer = engine(system, dataset) if device == "cpu" else engine(system, dataset, device)
    return trainer


def resolve_device(engine: str, device: str) -> str:
    """Return where `engine` trains when asked for `device`: "cpu" or "cuda".

    "auto" is the processor: for networks of this size a graphics card is slower (stable-baselines3 says the same).

    Raises
    ------
    InvalidInputError
        Unknown device, an engine that cannot use it, or none in this machine.
    """
    if device not in DEVICES:
        raise InvalidInputError(f"`device` must be one of {', '.join(DEVICES)}, was {device!r}.")
    if device != "cuda":
        return "cpu"
    if engine != "sb3":
        raise InvalidInputError(
            f"`device` must be auto or cpu for engine {engine}, was 'cuda': its kernels run on the processor. "
            "Hint: --engine sb3 --device cuda."
        )
    if not import_module("torch").cuda.is_available():
        raise InvalidInputError("`device` must be auto or cpu here, was 'cuda': torch finds no graphics card.")
    return "cuda"
