"""Two trainings differ where what shapes them differs, and the difference is named."""

from typing import Any

import pytest

from include.config.system import load_system
from include.core.errors import InvalidInputError
from include.training.identity import Identity, identity_of, require_same
from tests.unit.training.builders import tiny_dataset

SYSTEM, INFO = load_system("phase4"), tiny_dataset().info
TRAINED = identity_of(SYSTEM, INFO, "cpu")


def _asked(**overrides: Any) -> Identity:
    return identity_of(load_system("phase4", overrides=overrides), INFO, "cpu")


def _difference(asked: Identity) -> str:
    with pytest.raises(InvalidInputError) as caught:
        require_same("r", TRAINED, asked)
    return str(caught.value)


def test_the_same_inputs_are_the_same() -> None:
    require_same("r", TRAINED, Identity.model_validate_json(_asked().model_dump_json()))


def test_every_key_that_differs_is_named_with_both_values() -> None:
    asked = _asked(**{"training.learning_rate": 1e-4, "account.fee_bps": 6.0, "training.engine": "sb3"})
    assert "`account.fee_bps` 5.0 of the run, 6.0 now" in _difference(asked)
    assert "`training.learning_rate` 0.0003 of the run, 0.0001 now" in _difference(asked)
    assert "`training.engine` 'fused' of the run, 'sb3' now" in _difference(asked)


def test_a_long_list_of_differences_is_cut_and_counted() -> None:
    keys = ("n_steps", "batch_size", "n_epochs", "checkpoint_every_steps", "checkpoints_kept", "seed", "n_envs")
    asked = _asked(**{f"training.{key}": 9 for key in keys}, **{"training.gamma": 0.5, "training.ent_coef": 0.5})
    assert "; and 1 more. Hint:" in _difference(asked)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataset_id": "other"}, "`dataset_id` '0000000000000000' of the run, 'other' now"),
        ({"feature_set_sha256": "f" * 64}, "`feature_set_sha256`"),
        ({"device": "cuda"}, "`device` 'cpu' of the run, 'cuda' now"),
        ({"features": ("f_test_0", "f_test_2", "f_new")}, "features missing now: f_test_1; features new now: f_new"),
        ({"features": ("f_test_1", "f_test_0", "f_test_2")}, "features in another place: f_test_0, f_test_1"),
        ({"inactive_features": {"f_test_1": "no source"}}, "features inactive on one side only: f_test_1"),
    ],
)
def test_another_dataset_device_or_feature_set_is_named(changes: dict[str, Any], words: str) -> None:
    assert words in _difference(TRAINED.model_copy(update=changes))


def test_gates_and_alert_limits_make_no_difference() -> None:
    alerts = SYSTEM.alerts.model_copy(update={"kl_warning": 0.01})
    changed = SYSTEM.model_copy(update={"alerts": alerts, "description": "another", "gates": SYSTEM.gates[:1]})
    assert identity_of(changed, INFO, "cpu") == TRAINED
