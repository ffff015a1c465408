"""How long work reports that it moves: a function of a label, steps done and steps in all."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]


def no_progress(_label: str, _done: int, _total: int) -> None:
    """Report to nobody."""
