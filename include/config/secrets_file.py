"""Completes `.env` with what docker-compose.yaml asks for: secrets, people, and how many cores the workers may use.

Standard library only, so that a machine with Docker and Python needs nothing installed.
"""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from include.config.users import parse_names, parse_passwords, parse_users
from include.core.errors import ConfigurationError
from include.core.files import atomic_path

# who there is when nobody is named: one who keeps the deployment, one who runs, one who approves
PEOPLE = "admin:admin,ml:user,cto:user"
APPROVERS = "cto"
MODE = 0o600


def _token() -> str:
    return secrets.token_urlsafe(32)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _cores() -> str:
    return str(os.cpu_count() or 1)


MADE: dict[str, Callable[[], str]] = {
    "AIRFLOW_FERNET_KEY": _fernet_key,
    "AIRFLOW_SECRET_KEY": _token,
    "AIRFLOW_JWT_SECRET": lambda: secrets.token_hex(64),
    "POSTGRES_PASSWORD": _token,
    "REDIS_PASSWORD": _token,
    "WORKER_CPUS": _cores,
    "TRAINER_CPUS": _cores,
}


def complete(file: Path) -> list[str]:
    """Add what is missing to `file`, readable to its owner alone; return the names that were added.

    A value that is there is never changed. Of `PERPETUA_PASSWORDS` only the people without a password are added.

    Raises
    ------
    ConfigurationError
        `PERPETUA_USERS`, `PERPETUA_APPROVERS` or `PERPETUA_PASSWORDS` is not as `.env.example` says.
    """
    known = read(file)
    added = {name: make() for name, make in MADE.items() if not known.get(name)}
    if not known.get("PERPETUA_USERS"):
        added["PERPETUA_USERS"] = PEOPLE
    users = people(known | added)
    if not known.get("PERPETUA_APPROVERS"):
        names = [name for name, _ in users]
        added["PERPETUA_APPROVERS"] = APPROVERS if APPROVERS in names else _admin(users)
    approvers(known | added)
    passwords = parse_passwords(known.get("PERPETUA_PASSWORDS", ""))
    without = [name for name, _ in users if name not in passwords]
    if without:
        passwords |= {name: secrets.token_urlsafe(12) for name in without}
        added["PERPETUA_PASSWORDS"] = ",".join(f"{name}:{password}" for name, password in passwords.items())
    if added:
        _write(file, added)
    elif file.stat().st_mode & 0o777 != MODE:
        file.chmod(MODE)
    return sorted(added)


def read(file: Path) -> dict[str, str]:
    """Return the values of a file of `NAME=value` lines; an absent file has none."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {_name(line): _value(line) for line in lines if _name(line)}


def people(values: dict[str, str]) -> list[tuple[str, str]]:
    """Return name and role of each person in `values`."""
    return [(user.name, user.role) for user in _parsed("PERPETUA_USERS", parse_users, values)]


def approvers(values: dict[str, str]) -> list[str]:
    """Return the names of those in `values` who may approve; each must be a person."""
    names = list(_parsed("PERPETUA_APPROVERS", parse_names, values))
    strangers = [name for name in names if name not in dict(people(values))]
    if strangers:
        raise ConfigurationError(
            f"`PERPETUA_APPROVERS` must name people of PERPETUA_USERS, was {', '.join(strangers)}."
        )
    return names


def _parsed(name: str, parse: Callable[[str], Any], values: dict[str, str]) -> tuple[Any, ...]:
    try:
        return tuple(parse(values.get(name, "")))
    except ValueError as error:
        raise ConfigurationError(f"`{name}` {error}, was {values[name]!r}.") from None


def _admin(users: list[tuple[str, str]]) -> str:
    return next(name for name, role in users if role == "admin")


def _name(line: str) -> str:
    name, separator, _ = line.partition("=")
    return name.strip().removeprefix("export ").strip() if separator and not name.lstrip().startswith("#") else ""


def _value(line: str) -> str:
    """Return the value of a line as compose reads it: quotes hold it together, a comment ends one without."""
    value = line.partition("=")[2].strip()
    if value[:1] in ("'", '"'):
        return value[1:].partition(value[0])[0]
    return value.partition(" #")[0].strip() if not value.startswith("#") else ""


def _write(file: Path, added: dict[str, str]) -> None:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    # a name without a value, and the passwords that were added to, are replaced where they stand
    kept = [f"{_name(line)}={added[_name(line)]}" if _name(line) in added else line for line in lines]
    there = {_name(line) for line in lines}
    new = [f"{name}={value}" for name, value in added.items() if name not in there]
    text = "\n".join([*kept, *new]) + "\n"
    with atomic_path(file) as temporary:
        temporary.touch(mode=MODE)
        temporary.chmod(MODE)
        temporary.write_text(text, encoding="utf-8")
