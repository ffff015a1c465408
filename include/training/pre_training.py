"""The pre-training checklist of the operating documents: everything that is looked at before a training may start.

It ends READY, FIX (train, but see to it) or BLOCKED (the training would be impossible or wrong). What is looked at in
configuration and environment is here, the machine is in `pre_training_machine.py`, data in `pre_training_data.py`.
"""

from collections.abc import Callable, Iterator

from include.config.settings import Settings
from include.config.system import SystemConfig, load_system
from include.core.checks import CheckResult, Severity
from include.core.errors import InvalidInputError
from include.core.slots import PRE_TRAINING
from include.environments.make import BATCH_FACES
from include.training.checklist import Checklist, Section
from include.training.pre_training_data import data_checks
from include.training.pre_training_machine import machine_checks

TITLE = "Pre-training checklist"
# as the checklist names and orders them
HYPERPARAMETERS = (
    "learning_rate",
    "batch_size",
    "n_steps",
    "n_epochs",
    "gamma",
    "gae_lambda",
    "ent_coef",
    "clip_range",
    "vf_coef",
    "max_grad_norm",
    "total_timesteps",
)


def pre_training(
    settings: Settings,
    name: str,
    load: Callable[[], SystemConfig],
    dataset_id: str | None = None,
    preset: str | None = None,
) -> Checklist:
    """Work through the checklist.

    Parameters
    ----------
    settings : Settings
        Names home and profile; the profile holds the limits on disk and memory.
    name : str
        System to train.
    load : callable
        Returns its configuration as it will be trained; what it raises is the configuration's verdict.
    dataset_id : str or None
        Frozen dataset that the training will use; None means that one is frozen of the published features.
    preset : str or None
        Preset that was asked for by name: what it changes is meant, any other difference from the documented values is
        worth a look.
    """
    machine = Section("Infrastructure", tuple(machine_checks(settings.home, settings.profile)))
    try:
        system, own = load(), load_system(name, preset)
    except InvalidInputError as error:
        refused = CheckResult(name="configuration", passed=False, message=str(error))
        return Checklist(PRE_TRAINING, TITLE, name, (machine, Section("Configuration", (refused,))))
    return Checklist(
        PRE_TRAINING,
        TITLE,
        name,
        (
            machine,
            Section("Configuration", tuple(_configuration(system, own, settings.profile.total_timesteps))),
            Section("Environment", tuple(_environment(system, own))),
            Section("Data pipeline", tuple(data_checks(settings.home, system, dataset_id))),
            Section("Model baseline", (_baseline(system),)),
        ),
    )


def _configuration(system: SystemConfig, own: SystemConfig, profile_steps: int | None) -> Iterator[CheckResult]:
    yield CheckResult(name="configuration", passed=True, message=f"The configuration of {system.name} loads.")
    values = {name: getattr(system.training, name) for name in HYPERPARAMETERS}
    changed = [name for name, value in values.items() if value != getattr(own.training, name)]
    # fewer steps are what the profile is for
    meant = values["total_timesteps"] == profile_steps
    unmeant = [name for name in changed if not (name == "total_timesteps" and meant)]
    listed = ", ".join(f"{name} {_number(value)}" for name, value in values.items())
    others = ", ".join(f"{name} {_number(getattr(own.training, name))}" for name in changed)
    note = f" The documented ones are others: {others}{' (the profile)' if changed and not unmeant else ''}."
    yield CheckResult(
        name="hyperparameters",
        passed=not unmeant,
        observed=len(values) - len(unmeant),
        limit=len(HYPERPARAMETERS),
        message=f"All {len(values)} hyper-parameters are set: {listed}.{note if changed else ''}",
        severity=Severity.WARNING,
    )


def _environment(system: SystemConfig, own: SystemConfig) -> Iterator[CheckResult]:
    face = BATCH_FACES.get(system.name)
    yield CheckResult(
        name="environment",
        passed=face is not None,
        message=f"The environment of {system.name} {'is there' if face else 'is missing'}.",
    )
    if face is not None:
        yield _components(system, face.components)
    clip = getattr(system.reward, "clip", None)
    if clip is not None:
        documented = getattr(own.reward, "clip", None)
        yield CheckResult(
            name="reward_clip", passed=clip == documented, observed=clip, limit=documented, severity=Severity.WARNING,
            message=f"The reward is clipped at ±{clip:g}, the documented one is ±{documented:g}.",
        )  # fmt: skip
    switches = {"observations": system.training.normalize_observations, "rewards": system.training.normalize_reward}
    off = [what for what, is_on in switches.items() if not is_on]
    yield CheckResult(
        name="normalization",
        passed=not off,
        message=f"Not normalised: {', '.join(off)}." if off else "Observations and rewards are normalised.",
        severity=Severity.WARNING,
    )


def _components(system: SystemConfig, names: tuple[str, ...]) -> CheckResult:
    weights = {name: getattr(system.reward, name, None) for name in names}
    off = [name for name, weight in weights.items() if weight == 0]
    shown = ", ".join(name if weight is None else f"{name} × {weight:g}" for name, weight in weights.items())
    return CheckResult(
        name="reward_components",
        passed=not off,
        observed=len(names) - len(off),
        limit=len(names),
        message=f"The reward has {len(names)} components: {shown}." + (f" Off: {', '.join(off)}." if off else ""),
        severity=Severity.WARNING,
    )


def _baseline(system: SystemConfig) -> CheckResult:
    missing = [gate.name for gate in system.gates if gate.name not in system.recorded_baseline]
    known = system.recorded_baseline.items()
    values = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in known)
    message = f"The random baseline names all {len(system.gates)} gates: {values}."
    if missing:
        message = f"The random baseline does not name {', '.join(missing)}: the verdict will have nothing beside it."
    return CheckResult(
        name="random_baseline",
        passed=not missing,
        observed=len(system.gates) - len(missing),
        limit=len(system.gates),
        message=message,
        # the owner recorded one for the system whose limits are the owner's
        severity=Severity.WARNING if system.has_owner_limits else Severity.INFO,
    )


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
