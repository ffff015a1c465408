import pytest

from include.config.settings import load_settings
from include.orchestration.stack import airflow_environment, passwords, passwords_file


def test_without_users_everyone_is_an_admin() -> None:
    environment = airflow_environment(load_settings())
    assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "True"


def test_users_log_in_with_passwords_that_stay_and_that_only_the_owner_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_USERS", "anna:admin,ben:user")
    monkeypatch.setenv("PERPETUA_APPROVERS", "anna")
    settings = load_settings()
    environment = airflow_environment(settings)
    assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "False"
    assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "anna:admin,ben:user"
    assert environment["PERPETUA_APPROVERS"] == "anna"
    first = passwords(settings)
    assert len(set(first.values())) == 2
    assert passwords_file(settings).stat().st_mode & 0o777 == 0o600
    assert all(password not in str(environment.values()) for password in first.values())

    monkeypatch.setenv("PERPETUA_USERS", "anna:admin,carl:viewer")
    monkeypatch.setenv("PERPETUA_PASSWORDS", "anna:other,carl:chosen-by-hand")
    later = passwords(load_settings())
    assert later.keys() == {"anna", "ben", "carl"}
    # the first password of somebody new may be given; nobody's is changed
    assert later["anna"] == first["anna"]
    assert later["carl"] == "chosen-by-hand"
