"""How far the logs of a run had come at a bundle, and cutting them back to there when it is resumed."""

import os
from pathlib import Path

Positions = dict[str, int]


def log_positions(folder: Path) -> Positions:
    """Return the size in bytes of every file in the `logs` folder, after forcing them to disk.

    TensorBoard's folder is not among them: its writer hides later steps by `purge_step`.
    """
    positions = {}
    for path in _files(folder):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
            positions[path.name] = os.fstat(stream.fileno()).st_size
    return positions


def truncate_logs(folder: Path, positions: Positions) -> list[str]:
    """Cut every log back to its position and return what could not be: logs that have lost rows since.

    Cutting twice does no harm, so that a crash in the middle leaves nothing to repair. A log that did not exist
    yet becomes empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lost = []
    for name in sorted(positions.keys() | {path.name for path in _files(folder)}):
        wanted, path = positions.get(name, 0), folder / name
        size = path.stat().st_size if path.exists() else 0
        if size < wanted:
            lost.append(f"{name} has {size:,} of {wanted:,} bytes")
        elif size > wanted:
            os.truncate(path, wanted)
    return lost


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())
