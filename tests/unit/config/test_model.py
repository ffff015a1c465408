from pathlib import Path

import pytest

from include.config.files import read_yaml
from include.config.model import Config, parse
from include.core.errors import ConfigurationError


class Point(Config):
    x: int


def test_every_broken_rule_is_named_with_its_value() -> None:
    with pytest.raises(ConfigurationError, match=r"here: `x` .*, was 'far'; `y` extra inputs .*, was 1"):
        parse(Point, {"x": "far", "y": 1}, "here")


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: [", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="must be a YAML document"):
        read_yaml(file)
