"""The results as a table for people."""

from collections.abc import Sequence

from bench.learning.trial import Result

Row = dict[str, str]


def rows(results: Sequence[Result]) -> list[Row]:
    """Return one row per trial: profits in percent of the initial balance, ± one standard error."""
    return [
        {
            "case": result.case.name,
            "seed": str(trial.seed),
            "rule net %": f"{result.rule_net:.1f}" if result.rule else "–",
            "net %": f"{trial.best.net:.1f} ± {trial.best.net_error:.1f}",
            "gross %": f"{trial.best.gross:.1f} ± {trial.best.gross_error:.1f}",
            "trades": f"{trial.best.trades:.1f}",
            "share": _share(trial.best.share, trial.best.share_error),
            "share, last": _share(trial.final.share, trial.final.share_error),
            "gross %, last": f"{trial.final.gross:.2f} ± {trial.final.gross_error:.2f}",
        }
        for result in results
        for trial in result.trials
    ]


def table(lines: Sequence[Row]) -> str:
    """Return `lines` as a Markdown table."""
    names = list(lines[0])
    body = [[line[name] for name in names] for line in lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (names, ["---"] * len(names), *body))


def _share(share: float | None, error: float | None) -> str:
    return "–" if share is None or error is None else f"{share:.1%} ± {error:.1%}"
