"""What people may choose and change. DAG files read this while they are parsed: nothing here may import pydantic."""

from typing import Literal, get_args

EngineName = Literal["fused", "sb3"]
ENGINE_NAMES: tuple[EngineName, ...] = get_args(EngineName)
# what a single run may change; what judges a run may not be changed by it
CHANGEABLE = ("training", "reward", "account", "episode_length", "splits", "symbols")
# what a person answers to a verdict
APPROVE, RETRAIN, REJECT = "Approve", "Retrain", "Reject"
