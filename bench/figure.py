"""What a benchmark found, beside its goal."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured figure.

    Attributes
    ----------
    id : str
        Goal, with a suffix where a goal has several figures.
    goal : str
        What was measured, in words.
    figure, target : float
        What came out and what was to be reached.
    unit : str
        Such as "× faster".
    at_most : bool
        The target is an upper limit.
    measured : dict of str to str
        Absolute figures of our side, for the reader; they drift with the machine, ratios do not.
    peers : dict of str to str
        What it was compared with, by name and version, and its absolute figures.
    """

    id: str
    goal: str
    figure: float
    target: float
    unit: str
    at_most: bool = False
    measured: dict[str, str] = field(default_factory=dict)
    peers: dict[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the target is reached."""
        return self.figure <= self.target if self.at_most else self.figure >= self.target

    def document(self) -> dict[str, Any]:
        """Return the figure as a JSON object."""
        return {
            "id": self.id,
            "goal": self.goal,
            "figure": round(self.figure, 3),
            "target": self.target,
            "unit": self.unit,
            "at_most": self.at_most,
            "measured": self.measured,
            "peers": self.peers,
            "holds": self.holds,
        }

    def row(self) -> dict[str, str]:
        """Return the figure as a row of a table for people."""
        return {
            "": "✓" if self.holds else "✗",
            "id": self.id,
            "goal": self.goal,
            "figure": f"{self.figure:.3g} {self.unit}",
            "target": f"{'≤' if self.at_most else '≥'} {self.target:g}",
            "ours": ", ".join(self.measured.values()),
            "peers": ", ".join(f"{name}: {value}" for name, value in self.peers.items()),
        }
