"""The operating documents, where they lie beside the recorded market data."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("RECORDED_MARKET_DATA") or "/nonexistent").parent / "source-documents"
needs_documents = pytest.mark.skipif(not FOLDER.is_dir(), reason="no operating documents beside RECORDED_MARKET_DATA")


def document(name: str) -> str:
    """Return the text of the document `name`."""
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def table(text: str, title: str) -> list[dict[str, str]]:
    """Return the rows of the first Markdown table after `title`, as column name to cell."""
    lines = text[text.index(title) :].splitlines()[1:]
    start = next(place for place, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]
