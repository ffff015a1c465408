import json

import pytest

from bench.figure import Figure


@pytest.mark.parametrize(
    ("figure", "at_most", "holds"),
    [(250.0, False, True), (249.9, False, False), (15.0, True, True), (15.1, True, False)],
)
def test_a_goal_holds_at_its_target_and_on_its_side(figure, at_most, holds):
    target = 15 if at_most else 250
    found = Figure(id="P4", goal="g", figure=figure, target=target, unit="×", at_most=at_most)
    assert found.holds is holds
    assert found.row()[""] == ("✓" if holds else "✗")
    assert found.row()["target"] == ("≤ 15" if at_most else "≥ 250")


def test_the_document_carries_what_the_command_promises():
    document = Figure(id="P4", goal="g", figure=1.23456, target=2, unit="×", peers={"peer 1.0": "3 s"}).document()
    assert {"id", "figure", "target", "unit", "peers", "holds"} <= set(document)
    assert (document["figure"], document["peers"]) == (1.235, {"peer 1.0": "3 s"})
    assert json.loads(json.dumps(document)) == document
