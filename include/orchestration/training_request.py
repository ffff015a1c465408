"""What a person asked `train_ppo` for: the form as a checked value, and the trainings it comes to."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from include.config.assignments import assignments
from include.config.model import Config, parse
from include.config.settings import Settings
from include.config.system import SystemConfig, load_system
from include.config.universe import select
from include.core.errors import InvalidInputError

ALL = "all"
_STEPS = "training.total_timesteps"


class TrainingRequest(Config):
    """One trigger of `train_ppo`; None leaves a value to the system's configuration.

    Attributes
    ----------
    symbols : str
        `all` (those of the system and its preset), or a comma list.
    steps, episodes, minutes
        Where a training ends, whichever comes first; `steps` of None is the profile's, else the system's.
    seeds : tuple of int or None
        One training each.
    overrides : str or None
        Lines of KEY=VALUE.
    output : str or None
        Name of the run; with several seeds each adds its own.
    resume : str or None
        Unfinished run to go on with: its dataset, configuration and seed, so that every other field stays empty.
    """

    system: str
    preset: str | None = None
    symbols: str = ALL
    steps: int | None = Field(default=None, ge=1)
    episodes: int | None = Field(default=None, ge=1)
    minutes: float | None = Field(default=None, gt=0)
    seeds: tuple[int, ...] | None = Field(default=None, min_length=1)
    engine: str | None = None
    overrides: str | None = None
    output: str | None = None
    resume: str | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Self:
        """Return the request of a form's values.

        Raises
        ------
        InvalidInputError
            A value breaks its rule, or a field beside `resume` is filled in.
        """
        request = parse(cls, dict(params), "train_ppo")
        _require_alone(request)
        return request

    def changes(self, settings: Settings) -> dict[str, Any]:
        """Return the configuration's keys that the form and the profile change, and their values."""
        changes = assignments((line for line in (self.overrides or "").splitlines() if line.strip()), "overrides")
        fields: dict[str, Any] = {_STEPS: self.steps, "training.engine": self.engine}
        if self.symbols != ALL:
            fields["symbols"] = list(select(settings.universe, self.symbols))
        given = {key: value for key, value in fields.items() if value is not None}
        for key in given.keys() & changes.keys():
            raise InvalidInputError(f"`overrides` must not name `{key}`, which has a field of its own in the form.")
        profile = settings.profile.total_timesteps
        return ({} if profile is None else {_STEPS: profile}) | changes | given

    def config(self, settings: Settings) -> SystemConfig:
        """Return the system as the form changes it.

        Raises
        ------
        ConfigurationError
            An unknown preset or key, or a value outside its bounds; the key is named.
        """
        return load_system(self.system, self.preset, self.changes(settings))

    def jobs(self, seed: int) -> list[dict[str, Any]]:
        """Return the trainings that the form comes to, each as seed and name of its run; `seed` where it names none."""
        seeds = self.seeds or (seed,)
        if len(set(seeds)) != len(seeds):
            raise InvalidInputError(f"`seeds` must name each seed once, was {list(seeds)}.")
        return [{"seed": seed, "output": self._name(seed, len(seeds))} for seed in seeds]

    def _name(self, seed: int, count: int) -> str | None:
        return f"{self.output}-s{seed}" if self.output is not None and count > 1 else self.output


def _require_alone(request: TrainingRequest) -> None:
    untouched = TrainingRequest(system=request.system, resume=request.resume)
    for field in TrainingRequest.model_fields:
        value = getattr(request, field)
        if request.resume is not None and value != getattr(untouched, field):
            raise InvalidInputError(
                f"`{field}` must be left as it is beside `resume`, was {value!r}: "
                f"run {request.resume} goes on with its own values."
            )
