"""Judge a trained model: the five steps of the operations checklist, ending in a sealed bundle and a written report.

What is computed is in `evaluation/judgement.py`; how the result looks in `revalidation.py`; what a bundle holds in
`decision_bundle.py`.
"""

import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from include.config.settings import Settings
from include.core.clock import wall_now
from include.core.errors import IntegrityError, InvalidInputError, MissingInputError
from include.core.files import atomic_directory
from include.core.progress import Progress, no_progress
from include.core.seeding import derive_seed
from include.core.timeframes import periods_per_year
from include.environments.statistics import max_drawdown, win_rate
from include.evaluation.backtest import BacktestResult, backtest_stage
from include.evaluation.bootstrap import SAMPLES
from include.evaluation.evidence import TrialFacts
from include.evaluation.judgement import SHIFTS, Case, Judgement, judge, trial_facts
from include.evaluation.metrics import metrics_of, recorded_metrics
from include.evaluation.regimes import LEAD_CANDLES
from include.evaluation.replay import Stage
from include.evaluation.trial_ledger import TrialLedger
from include.evaluation.trials import Opening, ScoredModel, trial_of, window_of
from include.features.dataset import Dataset, Split, load_dataset
from include.features.drift import FeatureDrift
from include.features.split_drift import split_drift
from include.reporting.candidates import Candidate, load_candidate, rival_of
from include.reporting.cost_figure import cost_figure
from include.reporting.decision_bundle import (
    copy_inputs,
    note_judged,
    read_approvals,
    require_intact,
    seal_bundle,
    write_played,
)
from include.reporting.figures import EquityCurves, equity_figure, training_figure
from include.reporting.notes import notes_of
from include.reporting.revalidation import COST_FIGURE, EQUITY_FIGURE, TRAINING_FIGURE, write_report
from include.reporting.verdict import RevalidationResult, SymbolResult, Totals, read_result, revalidation_id
from include.training.identity import shaping_sha256
from include.training.policy import require_features

logger = logging.getLogger(__name__)

SPLIT: Split = "test"
STEPS = 5
# one more: what a candle was in is told by the candles before it
LEAD = LEAD_CANDLES + 1
_SEED_NAME = "revalidation"


def revalidate(settings: Settings, run_folder: Path, *, progress: Progress = no_progress) -> RevalidationResult:
    """Backtest the best model of a run on its sealed test window, judge it, weigh the evidence, seal the bundle.

    The window is entered in the trial ledger before the model sees it. The same run on the same dataset, counted among
    the same trials, gives the same id and the same result, times apart.

    Parameters
    ----------
    settings : Settings
        Names the home and, by its profile, the number of random draws.
    run_folder : Path
        A finished run.
    progress : callable
        Called with the documented labels, "[1/5] Load trained model…" to "[5/5] Generate report…".

    Returns
    -------
    RevalidationResult
        As written to `home.revalidation(id)`.

    Raises
    ------
    MissingInputError
        The run, its model or its dataset does not exist, or it is still in training.
    IntegrityError
        A file differs from its checksum.
    InvalidInputError
        The dataset has other features than the model was trained on.
    """
    steps, home = _Steps(progress), settings.home
    with tempfile.TemporaryDirectory() as scratch:
        inputs = Path(scratch) / "inputs"
        with steps.step("Load trained model…"):
            candidate = load_candidate(run_folder)
        with steps.step(f"Load backtest data (test set, {candidate.system.splits.test_candles}+ candles)…"):
            whole = load_dataset(home.dataset(candidate.run.dataset_id))
            require_features(candidate.policy, whole.info)
            rival, reason = rival_of(settings, candidate, whole)
            rival_folder = home.run(rival.run_id) if rival else None
            copy_inputs(inputs, run_folder, rival_folder, candidate.system, whole, SPLIT, LEAD)
            # what the bundle holds is what is judged, so that judging the bundle again finds the same
            dataset = load_dataset(inputs / "data")
        with steps.step("Run backtest with trained model…") as inner:
            request = _request(candidate, settings.profile.null_draws)
            stage = Stage(candidate.system, dataset, SPLIT)
            opening = _open(settings, candidate, dataset, request)
            played = backtest_stage(stage, candidate.policy.network, progress=inner)
            trials = _counted(settings, candidate, whole, played, opening)
        with steps.step(f"Calculate {len(candidate.system.gates)} risk gates…") as inner:
            case = Case(
                stage=stage,
                dataset=dataset,
                played=played,
                inactive_features=candidate.policy.inactive_features,
                draws=settings.profile.null_draws,
                seed=derive_seed(candidate.system.training.seed, _SEED_NAME),
                trials=trials,
                rival=rival,
                rival_reason=reason,
            )
            judged = judge(case, inner)
        with steps.step("Generate report…"):
            result = _result(candidate, case, judged, split_drift(whole, SPLIT), request, steps.seconds)
            kept = _kept(result, home.revalidation(result.id), inputs, run_folder, judged, steps)
            note_judged(home.revalidation(result.id), wall_now())
            return kept


def _kept(
    result: RevalidationResult, folder: Path, inputs: Path, run_folder: Path, judged: Judgement, steps: "_Steps"
) -> RevalidationResult:
    """Write the bundle whole, unless the same result stands there already: approvals are bound to its checksum."""
    standing = _standing(result, folder)
    if standing is not None:
        return standing
    with atomic_directory(folder) as target:
        shutil.copytree(inputs, target, dirs_exist_ok=True)
        _draw(result, judged, target)
        training_figure(run_folder, target / TRAINING_FIGURE)
        write_played(target, judged)
        result = result.model_copy(update={"steps_seconds": steps.so_far()})
        write_report(result, target)
        seal_bundle(target, result.id, wall_now())
    return result


def _standing(result: RevalidationResult, folder: Path) -> RevalidationResult | None:
    try:
        before = read_result(folder)
        require_intact(folder)
    except MissingInputError:
        return None
    except IntegrityError:
        logger.warning("The bundle in %s is damaged and is written anew", folder)
        return None
    times = {"created_at": before.created_at, "steps_seconds": before.steps_seconds}
    if result.model_copy(update=times) == before:
        return before
    if read_approvals(folder):
        raise InvalidInputError(
            f"Revalidation `{result.id}` was answered with another result and is not overwritten. "
            "Hint: the code or the machine has changed since; move the folder away to judge anew."
        )
    return None


@dataclass
class _Steps:
    """The numbered steps: announced, timed, their inner progress shown under their label."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    began: tuple[str, float] = ("", 0.0)

    def so_far(self) -> dict[str, float]:
        """Return the seconds of every step, those of the one going on as far as it is."""
        words, started = self.began
        return self.seconds | {words: round(time.monotonic() - started, 3)}

    @contextmanager
    def step(self, words: str) -> Iterator[Progress]:
        label = f"[{len(self.seconds) + 1}/{STEPS}] {words}"
        self.began = words.rstrip("…"), time.monotonic()
        self.progress(label, 0, 1)
        yield lambda _, done, total: self.progress(label, done, total)
        self.seconds = self.so_far()
        self.progress(label, 1, 1)


def _request(candidate: Candidate, draws: int) -> str:
    system = candidate.system
    return revalidation_id(
        candidate.run.run_id,
        candidate.policy.sha256,
        candidate.run.dataset_id,
        SPLIT,
        draws,
        SAMPLES,
        SHIFTS,
        system.account.model_dump_json(),
        *(gate.model_dump_json() for gate in system.gates),
        system.decision.model_dump_json(),
        system.evidence.model_dump_json(),
    )


def _open(settings: Settings, candidate: Candidate, dataset: Dataset, request: str) -> Opening:
    window = window_of(candidate.system.name, dataset.info, SPLIT)
    return TrialLedger(settings.home.trials).open_window(window, candidate.policy.sha256, request, wall_now())


def _counted(
    settings: Settings, candidate: Candidate, whole: Dataset, played: BacktestResult, opening: Opening
) -> TrialFacts:
    """Count this trial, and return what all trials on the window mean."""
    ledger, system, info = TrialLedger(settings.home.trials), candidate.system, whole.info
    run, policy = candidate.run, candidate.policy
    window = window_of(system.name, info, SPLIT)
    model = ScoredModel(candidate=policy.sha256, run_id=run.run_id, seed=run.seed, timestep=policy.timestep)
    equity = played.portfolio_equity
    ledger.record(*trial_of("test", window, info.id, model, shaping_sha256(system), equity, wall_now()))
    chosen_from = ledger.scored_on(window_of(system.name, info, "validation"), "validation")
    return trial_facts(ledger.scored_on(window), chosen_from, opening)


def _result(
    candidate: Candidate,
    case: Case,
    judged: Judgement,
    drift: tuple[FeatureDrift, ...],
    request: str,
    seconds: dict[str, float],
) -> RevalidationResult:
    run, system, policy, played = candidate.run, candidate.system, candidate.policy, judged.played
    info = case.dataset.info
    return RevalidationResult(
        id=revalidation_id(
            request, case.trials.ledger_sha256, case.rival.run_id if case.rival else "", case.rival_reason
        ),
        system=system.name,
        timeframe=system.timeframe,
        run_id=run.run_id,
        dataset_id=info.id,
        split=SPLIT,
        model_sha256=policy.sha256,
        decision=judged.decision,
        gates=judged.gates.model_copy(update={"subject": f"risk gates of {run.run_id}"}),
        gate_definitions=system.gates,
        metrics=judged.metrics.values(),
        metric_reasons=judged.metrics.reasons,
        baselines=_baselines(case, judged),
        null_draws=case.draws,
        seed=case.seed,
        evidence=judged.evidence,
        symbols=played.symbols,
        symbol_results=tuple(_symbol_result(played, column) for column in range(len(played.symbols))),
        window_start=info.splits[SPLIT].start,
        window_end=info.splits[SPLIT].end,
        candles=len(played.open_time),
        trades=len(played.trades),
        totals=_totals(played),
        action_counts=played.action_counts,
        inactive_features=policy.inactive_features,
        drift=drift,
        notes=notes_of(system, run, info, played, judged.nulls),
        created_at=wall_now(),
        steps_seconds=dict(seconds),
    )


def _baselines(case: Case, judged: Judgement) -> dict[str, dict[str, float | None]]:
    system = case.stage.system
    periods = periods_per_year(system.timeframe, system.calendar)
    found = {
        "random": judged.nulls.mean(),
        "buy_and_hold": metrics_of(judged.holding, periods).values(),
        "momentum": metrics_of(judged.following, periods).values(),
        "flat": metrics_of(judged.idle, periods).values(),
        "recorded_phase3": recorded_metrics(system.recorded_baseline).values(),
    }
    return found if judged.champion is None else found | {"champion": metrics_of(judged.champion, periods).values()}


def _totals(played: BacktestResult) -> Totals:
    equity = played.portfolio_equity
    return Totals(
        initial_balance_usd=float(equity[0]),
        final_equity_usd=float(equity[-1]),
        fees_usd=played.fees_usd,
        slippage_usd=played.slippage_usd,
        funding_usd=played.funding_usd,
        funding_assumed_share=played.funding_assumed_share,
    )


def _symbol_result(played: BacktestResult, column: int) -> SymbolResult:
    symbol, equity = played.symbols[column], played.equity[:, column]
    trades = played.trades[played.trades["symbol"] == symbol]
    return SymbolResult(
        symbol=symbol,
        trades=len(trades),
        win_rate=win_rate(trades["net_usd"].tolist()),
        pnl_usd=float(equity[-1] - equity[0]),
        fees_usd=float(trades["fees_usd"].sum()),
        funding_usd=float(trades["funding_usd"].sum()),
        total_return=float(equity[-1] / equity[0] - 1.0),
        max_drawdown=max_drawdown(equity),
    )


def _draw(result: RevalidationResult, judged: Judgement, folder: Path) -> None:
    played = judged.played
    curves = EquityCurves(
        played.open_time, played.portfolio_equity, judged.holding.portfolio_equity, judged.nulls.equity
    )
    days = f"{result.window_start:%-d %b %Y} to {result.window_end:%-d %b %Y}"
    cost_figure(result.evidence.stress, folder / COST_FIGURE)
    equity_figure(curves, f"{result.system} · {len(result.symbols)} symbols · {days}", folder / EQUITY_FIGURE)
