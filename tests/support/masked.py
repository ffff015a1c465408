"""phase4 with action masks: what its account would refuse is forbidden, and nothing else is different."""

from dataclasses import replace
from typing import Any

from include.environments.phase4.batch import PHASE4
from include.features.kernels.jit import kernel


@kernel
def allow_by_position(seats: Any, _rules: Any, _market: Any, allowed: Any) -> None:
    """Forbid opening against the position that is held, and closing where none is."""
    for i in range(len(seats)):
        quantity = seats[i].account.quantity
        allowed[i, 0] = True
        allowed[i, 1] = quantity == 0.0
        allowed[i, 2] = quantity == 0.0
        allowed[i, 3] = quantity != 0.0
        allowed[i, 4] = quantity != 0.0


MASKED = replace(PHASE4, masks=allow_by_position)
