"""The four checks of a day."""

from typing import Literal

CheckSlot = Literal["standup", "convergence", "snapshot", "checkpoints"]
