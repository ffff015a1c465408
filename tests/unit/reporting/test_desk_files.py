from pathlib import Path

import pytest

from include.config.settings import Settings
from include.core.errors import MissingInputError
from include.core.files import write_text
from include.reporting.desk_files import PAGE_POLICY, REPORT_POLICY, STATIC, report_file, run_folder, static_file
from include.reporting.page import TEMPLATES, content_security_policy

OUTSIDE = [
    "../secret.html", "../../etc/passwd", "/etc/passwd", "data_quality/../../secret.html", "..", ".", "",
    "data_quality", "a\0b", "x" * 5_000, "none.html", "%2e%2e/secret.html",
]  # fmt: skip


@pytest.fixture
def home(settings: Settings) -> Settings:
    write_text(settings.home.data_quality / "index.html", "fine")
    write_text(settings.home.root / "secret.html", "not a report")
    return settings


def test_a_report_is_found_below_the_reports(home: Settings) -> None:
    assert report_file(home.home, "data_quality/index.html").read_text(encoding="utf-8") == "fine"


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_outside_the_reports_is_found(home: Settings, path: str) -> None:
    with pytest.raises(MissingInputError, match="There is no report"):
        report_file(home.home, path)


def test_a_link_that_leads_out_is_not_followed(home: Settings) -> None:
    (home.home.reports / "link.html").symlink_to(home.home.root / "secret.html")
    (home.home.reports / "folder").symlink_to(home.home.root)
    for path in ("link.html", "folder/secret.html"):
        with pytest.raises(MissingInputError):
            report_file(home.home, path)


def test_reports_that_are_a_link_themselves_are_served(home: Settings, tmp_path: Path) -> None:
    home.home.reports.rename(tmp_path / "elsewhere")
    home.home.reports.symlink_to(tmp_path / "elsewhere")
    assert report_file(home.home, "data_quality/index.html").is_file()


@pytest.mark.parametrize("run_id", ["..", "../runs", "a/b", ".hidden", "", "none", "x" * 300, "a\0b", "<script>"])
def test_an_unknown_run_is_missing(home: Settings, run_id: str) -> None:
    with pytest.raises(MissingInputError, match="There is no run"):
        run_folder(home.home, run_id)


def test_a_run_that_is_a_link_out_of_the_home_is_missing(home: Settings, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    home.home.runs.mkdir(parents=True)
    (home.home.runs / "linked").symlink_to(tmp_path / "other")
    (home.home.runs / "own").mkdir()
    assert run_folder(home.home, "own") == home.home.runs / "own"
    with pytest.raises(MissingInputError):
        run_folder(home.home, "linked")


def test_static_files_are_the_desk_s_own() -> None:
    assert static_file("desk.css") == STATIC / "desk.css"
    with pytest.raises(MissingInputError):
        static_file("../desk.py")


def test_the_policies_admit_no_inline_script() -> None:
    scripts = {policy: policy.split("script-src ")[1].split(";")[0] for policy in (PAGE_POLICY, REPORT_POLICY)}
    assert scripts[PAGE_POLICY] == "'self'"
    assert "unsafe" not in scripts[REPORT_POLICY]
    assert all("frame-ancestors 'self'" in policy and "default-src 'none'" in policy for policy in scripts)
    # a report's own policy names the very script that the header admits
    own = content_security_policy("", (TEMPLATES / "sort.js").read_text(encoding="utf-8"))
    assert scripts[REPORT_POLICY] in own
