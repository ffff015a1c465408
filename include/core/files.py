"""Atomic files and checksums: everything that is not a Delta table is written through here."""

import ctypes
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from include.core.errors import IntegrityError, MissingInputError

_LIBC = ctypes.CDLL(None, use_errno=True)
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; fsync and rename it there on success.

    A crash leaves the old file or the new one, never part of one. On an error the temporary
    file is removed and `target` is untouched.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # the suffix stays last: writers such as pandas and SB3 choose a format by it
    temporary = target.with_name(f".{target.stem}.{os.getpid()}.tmp{target.suffix}")
    try:
        yield temporary
        _fsync(temporary)
        temporary.replace(target)
        _fsync(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """Yield an empty temporary directory; on success it takes the place of `target` in one step.

    A crash leaves the old directory or the new one, never neither; what a killed process left
    behind is removed by the next writer.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        for file in temporary.rglob("*"):
            _fsync(file)
        if target.exists():
            _exchange(temporary, target)
        else:
            temporary.rename(target)
        _fsync(target.parent)
    finally:
        # after an exchange this is the old directory
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(target: Path, text: str) -> None:
    """Write `text` to `target` atomically, UTF-8."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(target: Path, document: Any) -> None:
    """Write `document` to `target` atomically as indented JSON; NaN and infinity are refused."""
    write_text(target, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(source: Path) -> Any:
    """Return the JSON document in `source`."""
    try:
        return json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingInputError(f"`{source.name}` does not exist, looked in {source.parent}.") from None
    except json.JSONDecodeError as error:
        raise IntegrityError(f"`{source}` must be a JSON document, was unreadable at line {error.lineno}.") from error


def sha256_file(source: Path) -> str:
    """Return the SHA-256 of the bytes of `source`, in hex."""
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _exchange(first: Path, second: Path) -> None:
    # the one call that swaps two directories without an instant at which either is missing (Linux ≥ 3.15)
    done = _LIBC.renameat2(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE)
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(second))


def _sweep(target: Path) -> None:
    for litter in target.parent.glob(f".{target.name}.*.tmp"):
        pid = litter.name.removesuffix(".tmp").rpartition(".")[2]
        if pid.isdigit() and int(pid) != os.getpid() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(litter, ignore_errors=True)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
