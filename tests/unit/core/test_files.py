import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

from include.core.errors import IntegrityError, MissingInputError
from include.core.files import atomic_directory, atomic_path, read_json, sha256_file, write_json, write_text


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise RuntimeError
    assert target.read_text(encoding="utf-8") == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_the_temporary_path_keeps_the_suffix(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "model.zip") as temporary:
        assert temporary.suffix == ".zip"
        temporary.write_bytes(b"x")


def test_a_directory_is_swapped_whole(tmp_path: Path) -> None:
    target = tmp_path / "set"
    for text in ("first", "second"):
        with atomic_directory(target) as folder:
            (folder / text).write_text(text, encoding="utf-8")
    assert [file.name for file in target.iterdir()] == ["second"]
    assert [file.name for file in tmp_path.iterdir()] == ["set"]


def test_a_failed_swap_leaves_the_old_directory(tmp_path: Path) -> None:
    target = tmp_path / "set"
    with atomic_directory(target) as folder:
        (folder / "old").touch()
    with pytest.raises(RuntimeError), atomic_directory(target) as folder:
        (folder / "new").touch()
        raise RuntimeError
    assert [file.name for file in target.iterdir()] == ["old"]


def test_a_swap_that_fails_at_the_last_moment_leaves_the_old_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "set"
    with atomic_directory(target) as folder:
        (folder / "old").touch()

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("include.core.files._exchange", full_disk)
    with pytest.raises(OSError, match="No space left"), atomic_directory(target) as folder:
        (folder / "new").touch()
    assert [file.name for file in target.iterdir()] == ["old"]
    assert [file.name for file in tmp_path.iterdir()] == ["set"]


def test_a_reader_finds_the_old_or_the_new_directory_at_every_instant(tmp_path: Path) -> None:
    target = tmp_path / "set"
    with atomic_directory(target) as folder:
        (folder / "value").write_text("0", encoding="utf-8")
    is_over, misses = threading.Event(), []

    def read() -> None:
        while not is_over.is_set():
            if not target.exists():
                misses.append(1)

    reader = threading.Thread(target=read)
    reader.start()
    for value in range(100):
        with atomic_directory(target) as folder:
            (folder / "value").write_text(str(value), encoding="utf-8")
    is_over.set()
    reader.join()
    assert misses == []


def test_what_a_killed_writer_left_is_removed_and_a_living_writers_is_not(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    for pid in (dead.pid, os.getppid()):
        (tmp_path / f".set.{pid}.tmp").mkdir()
    with atomic_directory(tmp_path / "set"):
        pass
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([f".set.{os.getppid()}.tmp", "set"])


def test_json_refuses_what_json_has_no_word_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"sharpe": float("nan")})
    assert not (tmp_path / "a.json").exists()


def test_json_comes_back_as_it_went(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"é": [1, None]})
    assert read_json(tmp_path / "a.json") == {"é": [1, None]}


def test_a_missing_and_a_broken_document_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="does not exist"):
        read_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(IntegrityError, match="unreadable at line 1") as caught:
        read_json(tmp_path / "bad.json")
    assert isinstance(caught.value.__cause__, json.JSONDecodeError)


def test_the_checksum_is_sha256_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
