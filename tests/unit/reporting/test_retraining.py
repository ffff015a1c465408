import pytest

from include.config.files import system_names
from include.config.system import load_system
from include.reporting.retraining import retraining
from include.reporting.verdict import RevalidationResult
from tests.unit.reporting.results import result_of


def judged(**observed: float | None) -> RevalidationResult:
    """A result whose gates are those of phase4 that `observed` names, all failed."""
    result = result_of()
    definitions = tuple(gate for gate in load_system("phase4").gates if gate.name in observed)
    results = tuple(
        result.gates.results[0].model_copy(update={"name": gate.name, "passed": False}) for gate in definitions
    )
    evidence = result.evidence.model_copy(
        update={
            "bounds": tuple(result.evidence.bounds[:1]) * len(definitions),
            "luck": tuple(result.evidence.luck[:1]) * len(definitions),
        }
    )
    return result.model_copy(
        update={
            "gates": result.gates.model_copy(update={"results": results}),
            "gate_definitions": definitions,
            "metrics": observed,
            "evidence": evidence,
        }
    )


def test_the_gate_farthest_from_its_limit_names_the_preset() -> None:
    # half of the limit is missing against twice the limit reached: 0.5 and 1.0
    advised = retraining(judged(sharpe=0.5, max_drawdown=0.30))
    assert advised is not None
    assert (advised.preset, advised.gate) == ("small_position", "Max drawdown")
    advised = retraining(judged(sharpe=-0.5, max_drawdown=0.30))
    assert advised is not None
    assert (advised.preset, advised.gate) == ("steady", "Sharpe ratio")


def test_an_unknown_metric_counts_last() -> None:
    advised = retraining(judged(sharpe=None, win_rate=0.449))
    assert advised is not None
    assert advised.preset == "longer"


def test_nothing_is_advised_where_every_gate_passed() -> None:
    result = judged(sharpe=2.0)
    passed = tuple(one.model_copy(update={"passed": True}) for one in result.gates.results)
    result = result.model_copy(update={"gates": result.gates.model_copy(update={"results": passed})})
    assert retraining(result) is None


@pytest.mark.parametrize("name", system_names())
def test_every_gate_names_a_preset_that_there_is(name: str) -> None:
    for gate in load_system(name).gates:
        assert gate.preset is not None
        load_system(name, gate.preset)
