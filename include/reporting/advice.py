"""What the newest comparison with the champion advises: promote, hold or roll back, in one line for the checks."""

from collections.abc import Callable

from include.core.paths import Home
from include.evaluation.comparison import Comparison
from include.reporting.verdict import all_results
from include.training.champion import Champion


def advice(home: Home, champion: Champion, report: Callable[[str], str]) -> str | None:
    """Return the line, None where no revalidation compared the champion with another model.

    Parameters
    ----------
    home : Home
        Where the results are.
    champion : Champion
        The model that stands.
    report : callable
        Address of a revalidation's report by its id.
    """
    for result in all_results(home):
        comparison = result.evidence.comparison
        if comparison is None or result.system != champion.system:
            continue
        if result.model_sha256 == champion.model_sha256:
            who, what = f"The champion against {comparison.champion_run_id}", _of_champion(comparison)
        elif comparison.champion_run_id == champion.run_id:
            who, what = f"{result.run_id} against the champion", _of_challenger(comparison)
        else:
            continue
        return f"⚖️ {who}: {what}. {comparison.reason} Report: {report(result.id)}"
    return None


def _of_champion(comparison: Comparison) -> str:
    if comparison.recommendation == "roll_back":
        return f"roll back to {comparison.champion_run_id}"
    return (
        "promoted, and the better one" if comparison.recommendation == "promote" else "hold, neither is surely better"
    )


def _of_challenger(comparison: Comparison) -> str:
    words = {"promote": "promote it", "hold": "hold, the champion stays", "roll_back": "do not promote it"}
    return words[comparison.recommendation]
