"""The people of Airflow: who may log in, and what each may do."""

import re
from typing import Any, NamedTuple

from include.core.errors import ConfigurationError

ROLES = ("viewer", "user", "op", "admin")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,39}")


class User(NamedTuple):
    """A name to log in with and a role of Airflow: viewer reads, user runs, op configures, admin may do all."""

    name: str
    role: str


def parse_users(value: Any) -> Any:
    """Return the users of a text such as `anna:admin,ben:user`; what is no text passes unchanged.

    Raises
    ------
    ValueError
        A name or a role that there is not, a name that comes twice, or no admin: somebody has to start the chain.
    """
    if not isinstance(value, str):
        return value
    users = [_user(part.strip()) for part in value.split(",") if part.strip()]
    names = [user.name for user in users]
    if len(set(names)) != len(names):
        raise ValueError("must name each person once")
    if users and not any(user.role == "admin" for user in users):
        raise ValueError("must name at least one admin, such as anna:admin")
    return tuple(users)


def parse_names(value: Any) -> Any:
    """Return the names of a text such as `anna,ben`; what is no text passes unchanged.

    Raises
    ------
    ValueError
        What no user can be called.
    """
    if not isinstance(value, str):
        return value
    names = tuple(part.strip() for part in value.split(",") if part.strip())
    if not all(_NAME.fullmatch(name) for name in names):
        raise ValueError("must be names with commas between, such as anna,ben")
    return names


def parse_passwords(text: str) -> dict[str, str]:
    """Return the password of each name in a text such as `anna:secret,ben:other`.

    Raises
    ------
    ConfigurationError
        A part without a name or a password; it is not shown, as it may be one.
    """
    parts = [part.strip().partition(":") for part in text.split(",") if part.strip()]
    for number, (name, _, password) in enumerate(parts, start=1):
        if not _NAME.fullmatch(name) or not password:
            raise ConfigurationError(
                f"`PERPETUA_PASSWORDS` must be NAME:PASSWORD with commas between; part {number} is not."
            )
    return {name: password for name, _, password in parts}


def _user(text: str) -> User:
    name, _, role = text.partition(":")
    if not _NAME.fullmatch(name) or role not in ROLES:
        raise ValueError(f"must be NAME:ROLE with one of the roles {', '.join(ROLES)}, such as anna:admin,ben:user")
    return User(name, role)
