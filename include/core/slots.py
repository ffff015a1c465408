"""Names of the checks that are posted at their time, and what people call them."""

from typing import Literal

CheckSlot = Literal["standup", "convergence", "snapshot", "checkpoints"]
CHECK_TITLES: dict[str, str] = {
    "standup": "Morning standup",
    "convergence": "Mid-day convergence review",
    "snapshot": "End-of-day metrics snapshot",
    "checkpoints": "Evening checkpoint validation",
}

PRE_TRAINING = "pre-training"

RevalidationSlot = Literal["pre-revalidation", "decision-report", "review", "escalation"]
REVALIDATION_TITLES: dict[str, str] = {
    "pre-revalidation": "Pre-revalidation checklist",
    "decision-report": "Decision report",
    "review": "Review of the verdict",
    "escalation": "Escalation",
}

EVERY_SLOT = (*CHECK_TITLES, PRE_TRAINING, *REVALIDATION_TITLES)

# who signs for a check where no person is known to have asked for it
SCHEDULE = "schedule"
