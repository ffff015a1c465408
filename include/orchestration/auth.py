"""Airflow's own user management, where a required action names its people as everything else here does."""

from airflow.providers.fab.auth_manager.fab_auth_manager import FabAuthManager
from airflow.providers.fab.auth_manager.models import User


class PeopleAuthManager(FabAuthManager):
    """FAB's users in the database, whom `PERPETUA_APPROVERS` calls by the name they log in with.

    FAB's id is a number of the database, which no configuration can know beforehand.
    """

    def is_authorized_hitl_task(self, *, assigned_users: set[str], user: User) -> bool:
        """Return True when the user's name is among those who may answer."""
        return user.get_name() in assigned_users
