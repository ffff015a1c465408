"""Who may answer a required action under Airflow's own user management."""

import pytest


@pytest.mark.filterwarnings("ignore")  # Airflow's provider imports what its own libraries are about to drop
def test_people_answer_by_the_name_they_log_in_with_not_by_a_number_of_the_database() -> None:
    from airflow.providers.fab.auth_manager.models import User

    from include.orchestration.auth import PeopleAuthManager

    manager = PeopleAuthManager.__new__(PeopleAuthManager)  # its own start needs a database
    cto, ml = User(id=1, username="cto"), User(id=2, username="ml")
    assert manager.is_authorized_hitl_task(assigned_users={"cto"}, user=cto)
    assert not manager.is_authorized_hitl_task(assigned_users={"cto"}, user=ml)
    assert not manager.is_authorized_hitl_task(assigned_users={"2"}, user=ml)
