"""Names of every check that is posted at its time: the day's four, the pre-training checklist, the revalidation day's."""

from typing import Literal

CheckSlot = Literal["standup", "convergence", "snapshot", "checkpoints"]
CHECK_TITLES: dict[CheckSlot, str] = {
    "standup": "Morning standup",
    "convergence": "Mid-day convergence review",
    "snapshot": "End-of-day metrics snapshot",
    "checkpoints": "Evening checkpoint validation",
}
