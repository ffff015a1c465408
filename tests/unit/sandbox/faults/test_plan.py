from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.sandbox.faults.plan import KINDS, FaultPlan, Rule, load_plan, parse_plan


def test_a_plan_is_read_from_yaml_and_from_json(tmp_path: Path) -> None:
    expected = FaultPlan(seed=7, rules=(Rule(fault="rate_limited", path="/fapi/v1/klines", seconds=3),))
    yaml = "seed: 7\nrules:\n  - {fault: rate_limited, path: /fapi/v1/klines, seconds: 3}\n"
    json = '{"seed": 7, "rules": [{"fault": "rate_limited", "path": "/fapi/v1/klines", "seconds": 3}]}'
    (tmp_path / "plan.yaml").write_text(yaml)
    assert load_plan(tmp_path / "plan.yaml") == parse_plan(yaml) == parse_plan(json) == expected


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must be a mapping of `seed` and `rules`, was NoneType"),
        ("- 3", "must be a mapping of `seed` and `rules`, was list"),
        ("a: [", "must be a YAML or JSON document"),
        ("rulez: []", "`rulez` extra inputs"),
        ("rules: [{fault: gremlins}]", "must be one of rate_limited.*was 'gremlins'"),
        ("rules: [{fault: html, path: fapi}]", "rules.0.path"),
        ("rules: [{fault: html, share: 0}]", "rules.0.share"),
        ("rules: [{fault: html, share: 1.5}]", "rules.0.share"),
        ("rules: [{fault: html, seconds: 3}]", "`seconds` belongs to .*, was given to html"),
        ("rules: [{fault: timeout, seconds: 0}]", "`seconds` must be above 0, was 0"),
        ("rules: [{fault: html, rows: 3}]", "`rows` belongs to .*deleted"),
        ("rules: [{fault: nan, factor: 3}]", "`factor` belongs to spike"),
        ("rules: [{fault: delisted}]", "`symbol` must be given for delisted"),
        ("rules: [{fault: renamed, symbol: AUSDT}]", "`to` must be given for renamed"),
        ("rules: [{fault: clock_skew}]", "`seconds` must be given for clock_skew"),
        ("rules: [{fault: deleted, first_ms: 3}]", "`first_ms` and `last_ms` must be given together"),
        ("rules: [{fault: server_error, status: 404}]", "rules.0.status"),
    ],
)
def test_a_broken_plan_is_refused_with_the_rule_it_breaks(text: str, rule: str) -> None:
    with pytest.raises(ConfigurationError, match=rule):
        parse_plan(text)


def test_a_plan_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none.yaml` does not exist"):
        load_plan(tmp_path / "none.yaml")


def test_every_kind_is_documented() -> None:
    page = (Path(__file__).parents[4] / "docs" / "sandbox.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []
