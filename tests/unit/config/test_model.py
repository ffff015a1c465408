from pathlib import Path
from typing import Self

import pytest
from pydantic import model_validator

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


class Span(Config):
    low: int
    high: int

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"`low` must not exceed `high`, was {self.low} and {self.high}")
        return self


def test_a_rule_over_several_keys_speaks_for_itself() -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(Span, {"low": 2, "high": 1}, "here")
    assert str(refused.value) == "here: `low` must not exceed `high`, was 2 and 1."
