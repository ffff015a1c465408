"""Probes of the small planted environments, ready for single checks."""

from functools import cache
from typing import Any

from include.environments.audit.roles import Probe, probe
from include.environments.audit.subject import subject_of

PAIRS = 8


@cache
def probe_of(target: Any) -> Probe:
    """Return `target`, a class or factory, with its actions found out."""
    return probe(subject_of(target, target.__name__), PAIRS)
