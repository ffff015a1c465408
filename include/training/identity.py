"""What makes two trainings the same one: dataset, configuration, features, engine; and how two of them differ."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict

from include.config.system import SystemConfig
from include.core.errors import InvalidInputError
from include.features.dataset import DatasetInfo

# what decides the parameters that a training reaches; gates, alert limits and texts do not
SHAPING = (
    "name",
    "timeframe",
    "calendar",
    "feature_set",
    "symbols",
    "account",
    "reward",
    "episode_length",
    "lookback",
    "training",
)
_SHOWN = 8


class Identity(BaseModel):
    """The inputs of a training; `config` holds the keys of a system that shape it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset_id: str
    feature_set_sha256: str | None
    features: tuple[str, ...]
    inactive_features: dict[str, str]
    device: str
    config: dict[str, Any]


def identity_of(system: SystemConfig, info: DatasetInfo, device: str) -> Identity:
    """Return the identity of a training of `system` on the dataset that `info` describes."""
    return Identity(
        dataset_id=info.id,
        feature_set_sha256=info.feature_set_sha256,
        features=info.features,
        inactive_features=info.inactive_features,
        device=device,
        config=shaping_config(system),
    )


def shaping_config(system: SystemConfig) -> dict[str, Any]:
    """Return the part of `system` that shapes a training, as JSON values."""
    return system.model_dump(mode="json", include=set(SHAPING))


def shaping_sha256(system: SystemConfig) -> str:
    """Return the SHA-256 of the part of `system` that shapes a training."""
    return hashlib.sha256(json.dumps(shaping_config(system), sort_keys=True).encode()).hexdigest()


def require_same(run_id: str, trained: Identity, asked: Identity) -> None:
    """Refuse to go on with a run under other inputs.

    Raises
    ------
    InvalidInputError
        Names every key that differs, with both values, and the feature columns.
    """
    found = list(_differences(trained, asked))
    if found:
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise InvalidInputError(
            f"Run `{run_id}` must be continued with its own inputs, was asked with others: "
            f"{'; '.join(found[:_SHOWN])}{more}. Hint: give the new training another `--output`."
        )


def _differences(trained: Identity, asked: Identity) -> Iterator[str]:
    old, new = dict(_flat(trained.config)), dict(_flat(asked.config))
    for name in ("dataset_id", "feature_set_sha256", "device"):
        old[name], new[name] = getattr(trained, name), getattr(asked, name)
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield f"`{key}` {_shown(old, key)} of the run, {_shown(new, key)} now"
    yield from _columns("missing now", trained.features, asked.features)
    yield from _columns("new now", asked.features, trained.features)
    if set(trained.features) == set(asked.features) and trained.features != asked.features:
        moved = [a for a, b in zip(trained.features, asked.features, strict=True) if a != b]
        yield f"features in another place: {_listed(moved)}"
    inactive = sorted(trained.inactive_features.keys() ^ asked.inactive_features.keys())
    if inactive:
        yield f"features inactive on one side only: {_listed(inactive)}"


def _columns(what: str, there: tuple[str, ...], here: tuple[str, ...]) -> Iterator[str]:
    gone = [name for name in there if name not in here]
    if gone:
        yield f"features {what}: {_listed(gone)}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _shown(values: dict[str, Any], key: str) -> str:
    return repr(values[key]) if key in values else "absent"


def _flat(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
