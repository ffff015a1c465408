"""Everything that the operating documents tell people to type or to open is answered in docs/from-the-documents.md."""

import re
from pathlib import Path

import pytest

from tests.support.documents import document, needs_documents

ANSWERS = (Path(__file__).parents[2] / "docs" / "from-the-documents.md").read_text(encoding="utf-8")
NAMES = (
    "phase4_operations_checklist", "phase4_handoff", "crypto_trading_env", "funding_arbitrage_status",
    "sentio_ppo_trainer",
)  # fmt: skip
FILE = r"[A-Za-z_{][\w./{}-]*\.(?:py|json|csv|log|zip|pth?|md|parquet|feather|txt)\b"
OPTION = r"(?<![\w-])--[a-z][a-z-]+"
MODULE = r"python -m ([\w.]+)"


@needs_documents
@pytest.mark.parametrize("name", NAMES)
def test_every_script_file_and_option_of_the_document_is_answered(name: str) -> None:
    text = document(name)
    named = {path.rpartition("/")[2] for path in re.findall(FILE, text)}
    named |= set(re.findall(OPTION, text)) | set(re.findall(MODULE, text))
    assert len(named) > 5
    assert sorted(one for one in named if one not in ANSWERS) == []


def test_every_path_of_ours_that_it_names_exists() -> None:
    root = Path(__file__).parents[2]
    ours = set(re.findall(r"`(include/[\w./]+)`", ANSWERS)) | {
        f"docs/{link}" for link in re.findall(r"\]\(([\w-]+\.md)\)", ANSWERS)
    }
    assert len(ours) > 10
    assert sorted(path for path in ours if not (root / path).exists()) == []
