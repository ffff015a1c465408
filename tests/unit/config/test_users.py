import pytest

from include.config.settings import load_settings
from include.config.users import User, parse_passwords
from include.core.errors import ConfigurationError


def test_users_and_approvers_are_read_from_their_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().users == load_settings().approvers == ()
    monkeypatch.setenv("PERPETUA_USERS", "anna:admin, ben:user")
    monkeypatch.setenv("PERPETUA_APPROVERS", "ben")
    settings = load_settings()
    assert settings.users == (User("anna", "admin"), User("ben", "user"))
    assert settings.approvers == ("ben",)


@pytest.mark.parametrize(
    ("users", "rule"),
    [
        ("anna", "must be NAME:ROLE"),
        ("anna:root", "viewer, user, op, admin"),
        ("anna:admin:team", "must be NAME:ROLE"),
        ("a b:admin", "must be NAME:ROLE"),
        ("anna:admin,anna:user", "each person once"),
        ("ben:user", "at least one admin"),
    ],
)
def test_a_bad_user_is_refused_with_the_rule(monkeypatch: pytest.MonkeyPatch, users: str, rule: str) -> None:
    monkeypatch.setenv("PERPETUA_USERS", users)
    with pytest.raises(ConfigurationError, match=f"`PERPETUA_USERS` .*{rule}.*was {users!r}"):
        load_settings()


def test_an_approver_who_cannot_log_in_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_USERS", "anna:admin")
    monkeypatch.setenv("PERPETUA_APPROVERS", "anna,eve")
    with pytest.raises(ConfigurationError, match="`PERPETUA_APPROVERS` must name people of `PERPETUA_USERS`, was eve"):
        load_settings()
    monkeypatch.setenv("PERPETUA_APPROVERS", "<eve>")
    with pytest.raises(ConfigurationError, match="must be names with commas between"):
        load_settings()


def test_each_person_has_a_password_and_a_wrong_text_is_not_shown() -> None:
    assert parse_passwords("anna:s-1, ben:t:2,") == {"anna": "s-1", "ben": "t:2"}
    with pytest.raises(ConfigurationError, match="part 2 is not") as raised:
        parse_passwords("anna:s-1,topsecret")
    assert "topsecret" not in str(raised.value)
