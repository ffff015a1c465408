"""Names of the checks that are posted at their time."""

from typing import Literal

CheckSlot = Literal["standup", "convergence", "snapshot", "checkpoints"]
CHECK_TITLES: dict[str, str] = {
    "standup": "Morning standup",
    "convergence": "Mid-day convergence review",
    "snapshot": "End-of-day metrics snapshot",
    "checkpoints": "Evening checkpoint validation",
}
