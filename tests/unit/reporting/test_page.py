import base64
import hashlib
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from include.reporting.page import content_security_policy, data_uri, stylesheet, template


def test_what_is_put_into_a_template_is_escaped_in_html_and_in_markdown() -> None:
    for name in ("features.html", "revalidation.md"):
        source = template(name).environment.from_string("{{ value }}")
        assert source.render(value="<b>") == "&lt;b&gt;"


def test_a_forgotten_value_is_an_error_not_an_empty_place() -> None:
    with pytest.raises(UndefinedError):
        template("features.html").render()


def test_style_sheets_are_joined_in_order() -> None:
    both = stylesheet("report.css", "features.css")
    assert both.startswith(stylesheet("report.css"))
    assert both.endswith(stylesheet("features.css"))


def test_the_policy_names_the_digest_of_the_style_and_nothing_unsafe() -> None:
    digest = base64.b64encode(hashlib.sha256(b"a { }").digest()).decode()
    policy = content_security_policy("a { }")
    assert policy.startswith("default-src 'none';")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_a_figure_becomes_part_of_the_page_and_a_missing_one_does_not(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"png")
    assert data_uri(tmp_path / "a.png") == "data:image/png;base64,cG5n"
    assert data_uri(tmp_path / "b.png") is None
