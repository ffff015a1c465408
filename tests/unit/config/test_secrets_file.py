"""What `make up` writes into `.env`."""

import base64
from pathlib import Path

import pytest

from include.config.secrets_file import complete, read
from include.config.users import parse_passwords
from include.core.errors import ConfigurationError


def test_a_missing_file_is_made_for_its_owner_alone_with_a_secret_for_everything(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    added = complete(file)
    values = read(file)
    assert set(added) == set(values)
    assert all(values.values())
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(base64.urlsafe_b64decode(values["AIRFLOW_FERNET_KEY"])) == 32
    keys = ("AIRFLOW_SECRET_KEY", "AIRFLOW_JWT_SECRET", "POSTGRES_PASSWORD", "REDIS_PASSWORD")
    assert len({values[key] for key in keys}) == len(keys)
    assert min(len(values[key]) for key in keys) >= 40
    assert set(parse_passwords(values["PERPETUA_PASSWORDS"])) == {"admin", "ml", "cto"}


def test_two_files_share_no_secret(tmp_path: Path) -> None:
    complete(tmp_path / "one")
    complete(tmp_path / "two")
    one, two = read(tmp_path / "one"), read(tmp_path / "two")
    same = {name for name in one if one[name] == two[name]}
    assert same == {"PERPETUA_USERS", "PERPETUA_APPROVERS", "WORKER_CPUS", "TRAINER_CPUS"}


def test_what_is_there_stays_to_the_letter_and_a_second_time_adds_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text('# mine\nPERPETUA_SLACK_CHANNEL="#desk"\nPOSTGRES_PASSWORD=kept\nREDIS_PASSWORD=\n')
    file.chmod(0o644)
    complete(file)
    first = file.read_text()
    assert first.startswith('# mine\nPERPETUA_SLACK_CHANNEL="#desk"\nPOSTGRES_PASSWORD=kept\nREDIS_PASSWORD=')
    assert read(file)["REDIS_PASSWORD"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert complete(file) == []
    assert file.read_text() == first


def test_a_file_that_others_may_read_is_closed_even_when_nothing_is_missing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    complete(file)
    file.chmod(0o644)
    assert complete(file) == []
    assert file.stat().st_mode & 0o777 == 0o600


def test_who_joins_gets_a_password_and_nobody_elses_changes(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PERPETUA_USERS=anna:admin,ben:user\nPERPETUA_PASSWORDS=anna:hers\n")
    assert "PERPETUA_PASSWORDS" in complete(file)
    passwords = parse_passwords(read(file)["PERPETUA_PASSWORDS"])
    assert passwords["anna"] == "hers"
    assert len(passwords["ben"]) >= 16
    assert read(file)["PERPETUA_APPROVERS"] == "anna"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("PERPETUA_USERS=anna", "`PERPETUA_USERS` must be NAME:ROLE"),
        ("PERPETUA_APPROVERS=eve", "`PERPETUA_APPROVERS` must name people of PERPETUA_USERS, was eve"),
        ("PERPETUA_PASSWORDS=topsecret", "`PERPETUA_PASSWORDS` must be NAME:PASSWORD"),
    ],
)
def test_a_wrong_line_is_refused_and_the_file_stays(tmp_path: Path, line: str, rule: str) -> None:
    file = tmp_path / ".env"
    file.write_text(line + "\n")
    with pytest.raises(ConfigurationError, match=rule):
        complete(file)
    assert file.read_text() == line + "\n"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("PERPETUA_MODE=live", "live"),
        ("export PERPETUA_MODE=live", "live"),
        ("PERPETUA_MODE=live  # the real exchange", "live"),
        ("PERPETUA_MODE='live # no comment'", "live # no comment"),
        ('PERPETUA_MODE="live"', "live"),
        ("PERPETUA_MODE=", ""),
        ("PERPETUA_MODE=a#b", "a#b"),
    ],
)
def test_a_line_is_read_as_compose_reads_it(tmp_path: Path, line: str, value: str) -> None:
    file = tmp_path / ".env"
    file.write_text(line + "\n", encoding="utf-8")
    assert read(file) == {"PERPETUA_MODE": value}
