"""The files of a resume bundle."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from include.core.errors import IntegrityError, MissingInputError
from include.core.files import read_json, write_json
from include.training.bundle import ARRAYS_FILE, INFO_FILE, Bundle, bundle_arrays, read_bundle, write_bundle
from include.training.course import Course
from include.training.engine import Snapshot
from include.training.recorder import Update
from tests.unit.training.builders import bundle_info


def _bundle() -> Bundle:
    arrays = {
        "float": np.array([[0.1, np.nan], [np.inf, -0.0]]),
        "small": np.float32([1e-45]),
        "bytes": np.arange(5, dtype=np.uint8),
        "words": np.array([2**63], np.uint64),
        "flags": np.array([True, False]),
        "none": np.empty(0, np.int64),
        "view": np.arange(12.0).reshape(3, 4).T,
    }
    course = Course(1000, 1e-4, 0.02, timestep=100, episodes=3)
    course.add(Update(100, -0.01, 0.1 + 0.2, 1.6, 0.01, 0.1), [])
    info = bundle_info(learning_rate=1e-4, ent_coef=0.02, episodes=3, trainer={"state": 2**100, "rate": 0.1 + 0.2})
    return Bundle(info, bundle_arrays(Snapshot(arrays, info.trainer), course))


def test_every_bit_comes_back(tmp_path: Path) -> None:
    bundle = _bundle()
    assert write_bundle(tmp_path, bundle) == (ARRAYS_FILE, INFO_FILE)
    again = read_bundle(tmp_path)
    assert again.info == bundle.info
    assert again.arrays.keys() == bundle.arrays.keys()
    for name, array in bundle.arrays.items():
        other = again.arrays[name]
        assert (other.dtype, other.shape, other.tobytes()) == (array.dtype, array.shape, array.tobytes()), name


def test_the_engine_gets_its_own_arrays_under_its_own_names(tmp_path: Path) -> None:
    write_bundle(tmp_path, _bundle())
    assert set(read_bundle(tmp_path).snapshot.arrays) == {"float", "small", "bytes", "words", "flags", "none", "view"}


def test_the_course_comes_back_with_the_coefficients_in_force(tmp_path: Path) -> None:
    write_bundle(tmp_path, _bundle())
    course = read_bundle(tmp_path).course(1000)
    assert (course.learning_rate, course.ent_coef, course.timestep, course.episodes) == (1e-4, 0.02, 100, 3)
    assert [update.value_loss for update in course.updates] == [0.1 + 0.2]


def test_the_arrays_are_a_plain_safetensors_file(tmp_path: Path) -> None:
    write_bundle(tmp_path, _bundle())
    assert "trainer/float" in load_file(tmp_path / ARRAYS_FILE)


def test_a_checkpoint_without_a_bundle_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match=r"state.json"):
        read_bundle(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (ARRAYS_FILE, b"no tensors", "must be a safetensors file"),
        (INFO_FILE, b"{}", "is not the state of a training"),
        (INFO_FILE, b"{", "must be a JSON document"),
    ],
)
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    write_bundle(tmp_path, _bundle())
    (tmp_path / name).write_bytes(content)
    with pytest.raises(IntegrityError, match=words):
        read_bundle(tmp_path)


def test_a_bundle_of_another_format_is_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path, _bundle())
    write_json(tmp_path / INFO_FILE, read_json(tmp_path / INFO_FILE) | {"format": 2})
    with pytest.raises(IntegrityError, match="format"):
        read_bundle(tmp_path)
