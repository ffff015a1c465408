"""Loading a policy: equal to stock SB3, never unpickled, refused when anything does not fit."""

import io
import json
import pickle
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stable_baselines3 import PPO

from include.core.errors import IntegrityError, InvalidInputError, MissingInputError
from include.core.files import read_json, sha256_file, write_json
from include.environments.make import make_env
from include.evaluation.backtest import backtest
from include.training.artifacts import BEST, FINAL, write_model
from include.training.policy import Policy, load_policy, policy_of, require_features
from include.training.runs import read_config, read_run
from include.training.summary import RunSummary
from tests.unit.training.builders import model_state, tiny_dataset, write_run_folder

_STOCK = """
import sys
import numpy as np
from stable_baselines3 import PPO
model = PPO.load(sys.argv[1], device="cpu")
observations = np.load(sys.argv[2])
np.save(sys.argv[3], model.predict(observations, deterministic=True)[0])
assert not [name for name in sys.modules if name.split(".")[0] in ("include", "tests")]
"""


@pytest.fixture
def copy(finished_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished_folder, tmp_path / finished_folder.name))


def _observations(policy: Policy, count: int = 1000) -> np.ndarray:
    rng = np.random.default_rng(11)
    normal = rng.normal(scale=3.0, size=(count, policy.observation_size))
    return (normal * np.sqrt(policy.normalizer.variance) + policy.normalizer.mean).astype(np.float32)


@pytest.mark.parametrize(("which", "files"), [("best", BEST), ("final", FINAL)])
def test_actions_equal_those_of_stock_sb3_on_a_thousand_observations(
    finished_folder: Path, which: str, files: type
) -> None:
    policy = load_policy(finished_folder, which)
    observations = _observations(policy)
    stock = PPO.load(finished_folder / files.zip, device="cpu")
    expected, _ = stock.predict(policy.normalizer.apply(observations), deterministic=True)
    actions = policy.predict(observations)
    assert actions.dtype == np.int64
    assert len(set(actions.tolist())) > 1
    np.testing.assert_array_equal(actions, expected)


def test_the_zip_acts_identically_in_a_process_that_knows_nothing_of_us(finished_folder: Path, tmp_path: Path) -> None:
    policy = load_policy(finished_folder, "best")
    observations = _observations(policy)
    np.save(tmp_path / "in.npy", policy.normalizer.apply(observations))
    arguments = [str(finished_folder / BEST.zip), str(tmp_path / "in.npy"), str(tmp_path / "out.npy")]
    subprocess.run([sys.executable, "-c", _STOCK, *arguments], check=True, cwd=tmp_path, env={"PATH": ""})
    np.testing.assert_array_equal(policy.predict(observations), np.load(tmp_path / "out.npy"))


def test_a_policy_knows_its_features_its_identity_and_its_step(finished: RunSummary) -> None:
    policy = load_policy(Path(finished.folder), "final")
    assert policy.features == ("f_test_0", "f_test_1", "f_test_2")
    assert policy.inactive_features == {}
    assert policy.sha256 == finished.parameters_sha256
    assert (policy.run_id, policy.timestep, policy.observation_size) == (finished.run_id, 256, 13)


def test_an_observation_is_acted_on_alike_alone_and_in_a_batch(finished_folder: Path) -> None:
    policy = load_policy(finished_folder)
    observations = _observations(policy, 50)
    single = [int(policy.predict(row[None])[0]) for row in observations]
    assert policy.predict(observations).tolist() == single


def test_a_backtest_is_a_loop_of_stock_predictions_over_the_environments(finished_folder: Path) -> None:
    policy, system, dataset = load_policy(finished_folder), read_config(finished_folder), tiny_dataset()
    stock = PPO.load(finished_folder / BEST.zip, device="cpu")

    result = backtest(system, dataset, "test", policy.network)

    assert len(np.unique(result.actions)) > 2
    for column, symbol in enumerate(result.symbols):
        env = make_env(system, dataset, "test", symbols=[symbol], deterministic=True)
        observation, info = env.reset()
        for row in range(499):
            normalized = policy.normalizer.apply(observation[None])[0]
            action, _ = stock.predict(normalized, deterministic=True)
            assert result.equity[row, column] == info["equity"]
            assert result.actions[row, column] == action
            observation, *_, info = env.step(action)


def test_a_policy_without_normalisation_sees_observations_as_they_are(finished_folder: Path) -> None:
    policy = load_policy(finished_folder)
    unscaled = replace(policy, normalizer=replace(policy.normalizer, is_active=False))
    observations = _observations(policy)
    raw = PPO.load(finished_folder / BEST.zip, device="cpu").predict(observations, deterministic=True)[0]
    np.testing.assert_array_equal(unscaled.predict(observations), raw)


def test_normalisation_decides_the_action(finished_folder: Path) -> None:
    policy = load_policy(finished_folder)
    observations = _observations(policy)
    raw = PPO.load(finished_folder / BEST.zip, device="cpu").predict(observations, deterministic=True)[0]
    assert (policy.predict(observations) != raw).any()


class _Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.target,)


def _plant(folder: Path, target: Path) -> None:
    # what PPO.load would execute: a pickle in the zip's data, and one as its parameters
    import base64

    pickled = pickle.dumps(_Bomb(target))
    data = json.dumps({"policy_class": {":type:": "x", ":serialized:": base64.b64encode(pickled).decode()}})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data", data)
        archive.writestr("policy.pth", pickled)
    (folder / BEST.zip).write_bytes(buffer.getvalue())


def test_a_malicious_zip_would_run_in_stock_sb3_and_does_not_run_here(copy: Path, tmp_path: Path) -> None:
    target = tmp_path / "executed"
    _plant(copy, target)
    with pytest.raises(IntegrityError, match="must have sha256"):
        load_policy(copy)
    document = read_json(copy / BEST.manifest)
    document["files"][BEST.zip] = sha256_file(copy / BEST.zip)
    write_json(copy / BEST.manifest, document)
    load_policy(copy)
    assert not target.exists()
    with pytest.raises(Exception, match=r".+"):
        PPO.load(copy / BEST.zip, device="cpu")
    assert target.exists()


def test_a_pickle_in_place_of_the_tensors_is_refused_and_not_executed(copy: Path, tmp_path: Path) -> None:
    (copy / BEST.tensors).write_bytes(pickle.dumps(_Bomb(tmp_path / "executed")))
    document = read_json(copy / BEST.manifest)
    document["files"][BEST.tensors] = sha256_file(copy / BEST.tensors)
    write_json(copy / BEST.manifest, document)
    with pytest.raises(IntegrityError, match="safetensors"):
        load_policy(copy)
    assert not (tmp_path / "executed").exists()


def test_a_model_of_another_run_is_refused(copy: Path) -> None:
    write_model(copy, BEST, model_state(), "another-run", None)
    with pytest.raises(IntegrityError, match="must belong to run"):
        load_policy(copy)


def test_tensors_of_another_shape_are_refused(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", observation_size=13)
    state = model_state()
    state.parameters["action_net.weight"] = np.zeros((3, 4), np.float32)
    write_model(folder, BEST, state, "r", None)
    with pytest.raises(IntegrityError, match="`action_net` must have shape"):
        load_policy(folder)


def test_a_missing_tensor_is_refused(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", observation_size=13)
    state = model_state()
    del state.parameters["action_net.bias"]
    write_model(folder, BEST, state, "r", None)
    with pytest.raises(IntegrityError, match=r"action_net\.bias"):
        load_policy(folder)


def test_a_run_that_has_saved_nothing_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError):
        load_policy(write_run_folder(tmp_path / "r"), "final")


def test_an_unknown_model_is_refused(finished_folder: Path) -> None:
    with pytest.raises(InvalidInputError, match="`which` must be one of best, final, was 'worst'"):
        load_policy(finished_folder, "worst")


@pytest.mark.parametrize("shape", [(13,), (2, 12)])
def test_observations_of_another_shape_are_refused(finished_folder: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError, match=r"`observations` must have shape \(n, 13\)"):
        load_policy(finished_folder).predict(np.zeros(shape, np.float32))


def test_a_dataset_with_the_same_features_is_accepted(finished_folder: Path) -> None:
    require_features(load_policy(finished_folder), tiny_dataset().info)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"features": ("f_test_0", "f_test_1", "other")}, "missing: f_test_2; unexpected: other"),
        ({"features": ("f_test_1", "f_test_0", "f_test_2")}, "in another place: f_test_0, f_test_1"),
        ({"features": ("f_test_0", "f_test_1")}, "missing: f_test_2"),
        ({"inactive_features": {"f_test_1": "no source"}}, "inactive on one side only: f_test_1"),
    ],
)
def test_a_dataset_with_other_features_is_refused_with_the_difference(
    finished_folder: Path, change: dict[str, object], words: str
) -> None:
    info = tiny_dataset().info.model_copy(update=change)
    with pytest.raises(InvalidInputError, match=words):
        require_features(load_policy(finished_folder), info)


def test_a_policy_in_training_acts_as_it_will_once_saved(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", observation_size=13)
    state = model_state()
    write_model(folder, BEST, state, "r", None)
    saved, info = load_policy(folder), read_run(folder)
    living = policy_of(state, info.features, info.inactive_features, "r")
    observations = _observations(saved, 200)
    assert living.sha256 == saved.sha256
    np.testing.assert_array_equal(living.predict(observations), saved.predict(observations))
