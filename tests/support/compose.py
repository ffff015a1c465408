"""Reads `docker-compose.yaml` and `Dockerfile` as Docker would, as far as these two go."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from include.core.paths import REPOSITORY

COMPOSE = REPOSITORY / "docker-compose.yaml"
DOCKERFILE = REPOSITORY / "Dockerfile"
# $$, ${NAME}, ${NAME:-default} and ${NAME:?why}; a default may hold one more variable
VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>(?:[^{}]|\{[^{}]*\})*))?\}")


class UnsetVariableError(Exception):
    """A variable that must be set is not."""


def services(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the services with `environment` put in for the variables."""
    return dict(resolve(document()["services"], environment))


def document() -> dict[str, Any]:
    """Return the file as it is written, anchors resolved."""
    return dict(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))


def resolve(value: Any, environment: Mapping[str, str]) -> Any:
    """Return `value` with the variables in all of its texts put in."""
    if isinstance(value, dict):
        return {key: resolve(item, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, environment) for item in value]
    return VARIABLE.sub(lambda match: _put_in(match, environment), value) if isinstance(value, str) else value


def variables() -> dict[str, set[str]]:
    """Return the kinds (`-`, `?` or empty) that each variable of the file is written with."""
    found: dict[str, set[str]] = {}
    text = COMPOSE.read_text(encoding="utf-8")
    while text:
        inner = ""
        for match in VARIABLE.finditer(text):
            if match["name"]:
                found.setdefault(match["name"], set()).add(match["kind"] or "")
                inner += match["rest"] or ""
        text = inner
    return found


def stage_environment(stage: str) -> dict[str, str]:
    """Return what the `ENV` lines of a stage of the Dockerfile, and of the stages it is built on, set."""
    found: dict[str, dict[str, str]] = {}
    current = ""
    for line in instructions():
        if match := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            current = match[2]
            found[current] = dict(found.get(match[1], {}))
        elif line.startswith("ENV "):
            found[current] |= dict(part.split("=", 1) for part in line.removeprefix("ENV ").split())
    return found[stage]


def instructions() -> list[str]:
    """Return the instructions of the Dockerfile, one a line."""
    text = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [re.sub(r"\s+", " ", line).strip() for line in lines]


def _put_in(match: re.Match[str], environment: Mapping[str, str]) -> str:
    if match.group() == "$$":
        return "$"
    value = environment.get(match["name"], "")
    if value or match["kind"] is None:
        return value
    if match["kind"] == "?":
        raise UnsetVariableError(f"{match['name']}: {match['rest']}")
    return str(resolve(match["rest"], environment))
