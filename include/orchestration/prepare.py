"""Prepares the database of a deployment for several people: schema, people, what they see, pools. Safe to run again.

People who are there already keep password and role: both are changed in Airflow.
"""

import subprocess
import sys
from itertools import product

from include.config.settings import Settings, load_settings
from include.config.users import parse_passwords
from include.core.errors import ConfigurationError
from include.orchestration.defaults import POOLS

# FAB keeps the pages of plugins, and the list of what waits for an answer, from these roles: the desk and the approvals
SEEING = ("Viewer", "User")
SEEN = (("can_read", "Plugins"), ("menu_access", "HITL Detail"))


def prepare(settings: Settings) -> list[str]:
    """Bring the schema to the installed Airflow's, add people and pools that are missing; return who was added.

    Raises
    ------
    ConfigurationError
        Nobody is named, or somebody who is missing has no password.
    """
    if not settings.users:
        raise ConfigurationError("`PERPETUA_USERS` must name people, was empty. Hint: `make up` names some in .env.")
    passwords = parse_passwords(settings.passwords.get_secret_value())
    subprocess.run((sys.executable, "-m", "airflow", "db", "migrate"), check=True)
    _add_pools()
    return _add_people(settings, passwords)


def _add_pools() -> None:
    from airflow.models.pool import Pool

    for pool, description in POOLS.items():
        Pool.create_or_update_pool(pool.value, slots=1, description=description, include_deferred=False)


def _add_people(settings: Settings, passwords: dict[str, str]) -> list[str]:
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        people = builder.sm
        for role, (action, resource) in product(SEEING, SEEN):
            people.add_permission_to_role(people.find_role(role), people.create_permission(action, resource))
        missing = [user for user in settings.users if people.find_user(user.name) is None]
        for user in missing:
            if user.name not in passwords:
                raise ConfigurationError(f"`PERPETUA_PASSWORDS` must hold a password for {user.name}. Hint: `make up`.")
            role = people.find_role(user.role.capitalize())
            address = f"{user.name}@localhost"
            if not people.add_user(user.name, user.name, "", address, role, password=passwords[user.name]):
                raise ConfigurationError(f"`PERPETUA_USERS`: Airflow did not accept {user.name}; its log says why.")
    return [user.name for user in missing]


if __name__ == "__main__":
    print("added:", ", ".join(prepare(load_settings())) or "nobody")
