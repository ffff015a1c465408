"""The command line: every stage without Airflow, the sandbox, the local stack.

Commands only read arguments, call a stage and show what it returned. `--json` prints one JSON document
on stdout; progress and logs go to stderr. The exit status is 0 only when the thing asked for was done.
"""

import getpass
import json
import logging
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.logging import RichHandler
from rich.text import Text

from include.config.assignments import assignments
from include.config.cross_validation import CrossValidationRequest
from include.config.files import read_yaml
from include.config.model import parse
from include.config.settings import Settings, load_settings
from include.config.system import load_system
from include.core.checks import Severity
from include.core.clock import format_utc, parse_utc, wall_now
from include.core.errors import (
    BlockedError,
    ConfigurationError,
    DataQualityError,
    InvalidInputError,
    PerpetuaError,
    StoppedError,
    TransientError,
    UndeliveredError,
)
from include.core.slots import CHECK_TITLES, EVERY_SLOT
from include.orchestration import (
    alert_stages,
    backfill_stages,
    campaign_stages,
    check_stages,
    fold_stages,
    stages,
    terminal,
    verdict_stages,
)

app = typer.Typer(
    name="python -m include",
    help="Perpetua: scheduled data, training and revalidation of PPO agents for crypto perpetual futures.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
market = typer.Typer(help="Fetch, inspect and export market data.", no_args_is_help=True)
features = typer.Typer(help="Compute feature sets.", no_args_is_help=True)
dataset = typer.Typer(help="Freeze training data.", no_args_is_help=True)
env = typer.Typer(help="Environments of the trading systems.", no_args_is_help=True)
training = typer.Typer(help="Train a PPO agent, or end a training.")
champion = typer.Typer(help="Show the promoted model, or go back to an earlier one.", no_args_is_help=True)
campaign = typer.Typer(help="Show the campaign by the clock, or sign off a phase of it.", no_args_is_help=True)
alerts = typer.Typer(help="What people are told in Slack, and what has not reached them.", no_args_is_help=True)
sandbox = typer.Typer(help="Run the offline sandbox: exchange, macro, sentiment and Slack on loopback.")
app.add_typer(market, name="market")
app.add_typer(features, name="features")
app.add_typer(dataset, name="dataset")
app.add_typer(env, name="env")
app.add_typer(training, name="train")
app.add_typer(champion, name="champion")
app.add_typer(campaign, name="campaign")
app.add_typer(alerts, name="alerts")
app.add_typer(sandbox, name="sandbox")

errors = terminal.console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
System = Annotated[str | None, typer.Option("--system", help="Trading system; the default is PERPETUA_SYSTEM.")]
Symbols = Annotated[str, typer.Option(help="`all`, or unified symbols such as BTC/USDT:USDT,ETH/USDT:USDT.")]
Timeframe = Annotated[str, typer.Option(help="Candle timeframe as ccxt spells it.")]
OwnCandles = Annotated[
    Path | None,
    typer.Option(
        help="Parquet file of your own candles, instead of the lake: open_time (UTC; epoch milliseconds or timestamps),"
        " open, high, low, close, volume and, where known, taker_buy_volume and symbol (BTCUSDT or BTC/USDT:USDT)."
    ),
]
Instant = Annotated[str | None, typer.Option(help="ISO 8601, UTC.")]


@market.command("backfill")
def market_backfill(
    symbols: Symbols = "all",
    timeframe: Timeframe = "4h",
    start: Instant = None,
    end: Instant = None,
    series: Annotated[
        str, typer.Option(help="`all` that the venue has, or such as candles,funding_rates,open_interest.")
    ] = "all",
    as_json: Json = False,
) -> None:
    """Fetch, validate and publish in batches; without a start it continues where the lake ends.

    Stop it anywhere: the same command goes on, and fetches no page again that had come.
    """
    with terminal.progress(errors) as progress:
        done = backfill_stages.backfill_market_data(
            load_settings(),
            symbols=symbols,
            timeframe=timeframe,
            start=start,
            end=end,
            series=series,
            progress=progress,
        )
    _show(done, as_json)


@market.command("status")
def market_status(as_json: Json = False) -> None:
    """Show coverage, freshness and gaps of every table."""
    lines = stages.market_status(load_settings())
    _show(lines if lines or as_json else "The lake is empty. Hint: `market backfill` fills it.", as_json)


@market.command("export")
def market_export(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .parquet or .csv.")],
    table: Annotated[str, typer.Option(help="Lake table.")] = "candles",
    timeframe: Annotated[str | None, typer.Option(help="Only candles of this timeframe.")] = None,
    version: Annotated[
        str | None, typer.Option(help="An older version: its number, or an instant such as 2026-02-20T10:00:00Z.")
    ] = None,
) -> None:
    """Write a lake table to a file."""
    from include.lake.export import export
    from include.lake.lake import Lake

    rows = export(Lake.of(load_settings()), table, output, timeframe, _version(version))
    errors.print(f"{rows:,} rows of {table} → {output}")


@market.command("history")
def market_history(
    table: Annotated[str, typer.Option(help="Lake table.")] = "candles",
    limit: Annotated[int, typer.Option(min=1, help="So many versions, the newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List the versions of a lake table: when, what was done, rows."""
    from include.lake.history import history
    from include.lake.lake import Lake

    versions = history(Lake.of(load_settings()), table, limit)
    _show([{**version, "at": format_utc(version["at"])} for version in versions], as_json)


@market.command("evolve")
def market_evolve(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Bring a lake of an older version up to date, by the declared steps only; a fetch does it by itself."""
    from include.lake.evolve import evolve
    from include.lake.lake import Lake

    steps = evolve(Lake.of(load_settings()), dry_run=dry_run)
    _show(steps if steps or as_json else "Every table is of this version.", as_json)


@market.command("maintain")
def market_maintain(as_json: Json = False) -> None:
    """Compact the lake, remove files and log entries that nothing needs, forget published batches."""
    settings = load_settings()
    tables, batches = stages.maintain_lake(settings), stages.prune_staging(settings)
    _show({"tables": tables, "forgotten_batches": batches} if as_json else tables, as_json)
    if batches and not as_json:
        errors.print(f"Forgot {len(batches)} batches that were published long ago.")


@market.command("repair")
def market_repair(
    table: Annotated[str, typer.Option(help="Lake table.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look.")] = False,
    as_json: Json = False,
) -> None:
    """Take broken data files out of a lake table and say what to fetch again."""
    from dataclasses import asdict

    from include.lake.lake import Lake
    from include.lake.repair import repair

    broken = [asdict(one) for one in repair(Lake.of(load_settings()), table, dry_run=dry_run)]
    _show(broken if broken or as_json else f"Every file of {table} is sound.", as_json)
    if broken:
        lost = sum(one["rows"] for one in broken)
        errors.print(
            f"{lost:,} rows {'would be' if dry_run else 'were'} taken out. `python -m include market backfill "
            "--start FIRST --end LAST` fetches a span again."
        )


@app.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look.")] = False,
    as_json: Json = False,
) -> None:
    """Remove old checkpoints, reports and notes; what a champion was made of stays. Weekly, `maintenance` does it."""
    done = stages.prune_home(load_settings(), is_dry=dry_run)
    _show(done if as_json else "\n".join(done["removed"]) or "Nothing is old enough.", as_json)
    errors.print(f"{done['bytes'] / 1e6:,.1f} MB {'would be' if dry_run else 'were'} freed.")


@app.command()
def validate(
    batch: Annotated[str, typer.Argument(help="Id of a staged batch; the newest when left out.")] = "newest",
    lake: Annotated[bool, typer.Option("--lake", help="Judge everything that stands in the lake instead.")] = False,
    as_json: Json = False,
) -> None:
    """Hold a staged batch, or the whole lake, against every data check; docs/market-data.md explains them.

    A batch is judged among what is stored, and its quality pages are written. Exit status 1 where a critical check
    failed.
    """
    from include.market.staging import newest_batch
    from include.validation.batch import validate_batch

    settings = load_settings()
    if lake and batch != "newest":
        raise InvalidInputError(f"`batch` must be left out where `--lake` is given, was {batch!r}.")
    if lake:
        report = stages.validate_lake(settings)
    else:
        report = validate_batch(settings, newest_batch(settings.home) if batch == "newest" else batch)
    left_out = {name: list(checks) for name, checks in report.excluded.items()}
    judged = {"passed": report.passed, "left_out": left_out}
    _show(report.model_dump(mode="json") | judged if as_json else terminal.verdicts(report), as_json)
    if not report.passed:
        failed = ", ".join(result.name for result in report.failures if result.severity is Severity.CRITICAL)
        raise DataQualityError(f"{report.subject} did not pass: {failed}.", report)


@features.command("build")
def features_build(
    system: System = None,
    timeframe: Annotated[
        str | None, typer.Option(help="With --candles: 1m, 5m, 15m, 1h, 4h or 1d; the file's when left out.")
    ] = None,
    candles: OwnCandles = None,
    feature_set: Annotated[str | None, typer.Option("--set", help="With --candles: market94 or shadow15.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="With --candles: Parquet file to write.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute, check and publish the feature set of a system; or compute one for your own candles."""
    if any(given is not None for given in (candles, feature_set, output, timeframe)):
        if system is not None:
            raise InvalidInputError(
                f"`--system` must be left out where `--candles` and `--set` are given, was {system!r}."
            )
        built = _features_of_file(candles, feature_set, output, timeframe)
        names = ", ".join(built["without_values"]) or "none"
        _show(built if as_json else built | {"without_values": names}, as_json)
        return
    settings = load_settings()
    with terminal.progress(errors) as progress:
        built = stages.build_features(settings, system or settings.system, progress)
    _show(built | {"report": _feature_report(settings, built["feature_set"])}, as_json)


@features.command("report")
def features_report(system: System = None, as_json: Json = False) -> None:
    """Write the page on the published features: distribution, coverage, correlation, inactive ones, drift."""
    settings = load_settings()
    reported = stages.report_features(settings, system or settings.system)
    reported["file"] = _feature_report(settings, reported["feature_set"])
    _show(reported if as_json else {key: reported[key] for key in ("file", "dataset_id", "failures")}, as_json)


@dataset.command("freeze")
def dataset_freeze(
    system: System = None,
    preset: Annotated[str | None, typer.Option(help="Named change of the system's configuration.")] = None,
    candles: OwnCandles = None,
    symbols: Annotated[
        str | None,
        typer.Option(help="With --candles: `all` of the file, or BTCUSDT,ETHUSDT; the system's when left out."),
    ] = None,
    accept_inactive: Annotated[
        str, typer.Option(metavar="NAME,NAME", help="Features that may be inactive beyond the 20 that always may.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Freeze the newest features, or candles of your own, into content-addressed training data."""
    settings = load_settings()
    name = system or settings.system
    accepted = [feature.strip() for feature in accept_inactive.split(",") if feature.strip()]
    if candles is None and symbols is not None:
        raise InvalidInputError(f"`--symbols` needs `--candles`, was {symbols!r} without.")
    with terminal.progress(errors) as progress:
        frozen = (
            stages.freeze_dataset(settings, name, preset, accept_inactive=accepted)
            if candles is None
            else stages.freeze_candles(
                settings, name, candles, preset=preset, symbols=symbols, accept_inactive=accepted, progress=progress
            )
        )
    shown = ("id", "symbols", "dropped_symbols", "splits", "inactive_features")
    _show(frozen if as_json else {key: frozen[key] for key in shown}, as_json)


@dataset.command("export")
def dataset_export(
    dataset_id: Annotated[str, typer.Argument(metavar="DATASET", help="Id of a frozen dataset.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .csv or .parquet.")] = Path(
        "test_data.csv"
    ),
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    as_json: Json = False,
) -> None:
    """Write one split of a frozen dataset to a file; the test split to test_data.csv when nothing is said."""
    _show(stages.export_dataset(load_settings(), dataset_id, split, output), as_json)


@env.command("audit")
def env_audit(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="phase4|shadow|module:Class",
            help="phase4 or shadow, or module:Class of any Gymnasium trading environment (a function that makes one "
            "does too), such as my_package.envs:MyEnv.",
        ),
    ],
    pairs: Annotated[int, typer.Option(min=8, help="Driftless markets, each with its mirror.")] = 64,
    as_json: Json = False,
) -> None:
    """Hold a trading environment against every audit check; docs/environment-audit.md explains them.

    Exit status 1 where a row fails, or a row on money could not be judged.
    """
    from include.environments.audit.audit import audit, rows, summary, unjudged

    with terminal.progress(errors) as progress:
        report = audit(subject, pairs, progress)
    missing = unjudged(report)
    judged = {"passed": report.passed and not missing, "not_judged": missing, "summary": summary(report)}
    _show(report.model_dump(mode="json") | judged if as_json else rows(report), as_json)
    if not as_json:
        _show(f"\n{summary(report)}", as_json)
    failed = ", ".join(result.name for result in report.failures if result.severity is Severity.CRITICAL)
    verdict = f"failed its audit: {failed}" if failed else "has not passed its audit"
    needs = f"; not judged: {', '.join(missing)}. Hint: docs/environment-audit.md says what each row needs"
    if failed or missing:
        raise DataQualityError(f"`{subject}` {verdict}{needs if missing else ''}.")


@training.callback(invoke_without_command=True)
def train(
    context: typer.Context,
    system: System = None,
    preset: Annotated[str | None, typer.Option(help="Named change of the hyper-parameters.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="YAML file of changes, shaped as the system's own.")
    ] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE, such as training.learning_rate=1e-4.")
    ] = None,
    dataset_id: Annotated[
        str | None, typer.Option("--dataset", help="Frozen dataset; a new one is frozen when left out.")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="fused or sb3; the configuration's when left out.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Environment steps; it ends with the whole rollout that reaches them.")
    ] = None,
    episodes: Annotated[int | None, typer.Option(min=1, help="End earlier, after so many episodes.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="End earlier, after so many minutes, those of earlier tries counted.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Root seed.")] = None,
    output: Annotated[str | None, typer.Option(help="Name of the run.")] = None,
    resume: Annotated[str | None, typer.Option(help="Unfinished run to go on with, as it was started.")] = None,
    as_json: Json = False,
) -> None:
    """Train a PPO agent on a frozen dataset; a training that was cut short goes on from its last checkpoint."""
    if context.invoked_subcommand is not None:
        return
    settings = load_settings()
    overrides = _changes(config) | assignments(change or [], "--set")
    how: dict[str, Any] = {
        "preset": preset, "overrides": overrides, "engine": engine, "steps": steps, "episodes": episodes,
        "minutes": minutes, "seed": seed,
    }  # fmt: skip
    with terminal.progress(errors) as progress:
        if resume is not None:
            if output is not None:
                raise InvalidInputError(f"`--output` must be left out beside `--resume`, was {output!r}.")
            summary = stages.resume_training(
                settings, resume, system=system, dataset_id=dataset_id, device=device, progress=progress, **how
            )
        else:
            name = system or settings.system
            frozen = dataset_id or stages.freeze_dataset(settings, name, preset, overrides)["id"]
            summary = stages.train(
                settings, name, frozen, output=output, device=device or "auto", progress=progress, **how
            )
    _show(summary, as_json)
    if summary["status"] != "finished":
        raise StoppedError(
            f"Training {summary['run_id']} was stopped at step {summary['timesteps']:,} of "
            f"{summary['total_timesteps']:,}. Hint: `train --resume {summary['run_id']}` goes on."
        )


@training.command("stop")
def train_stop(run: Annotated[str, typer.Argument(help="Run in training.")], as_json: Json = False) -> None:
    """End a training cleanly: it keeps its last step and can be resumed."""
    _show(stages.stop_training(load_settings(), run), as_json)


@app.command()
def check(
    slot: Annotated[str, typer.Option(help=f"{', '.join(EVERY_SLOT)}, or auto: the day's by the hour.")] = "auto",
    as_json: Json = False,
) -> None:
    """Make one of the day's checks, a checklist or a step of the revalidation day, and post it to Slack.

    Exit status 1 where a checklist is BLOCKED, or a revalidation's verdict is missing, not found again or unanswered.
    """
    settings = load_settings()
    now = wall_now()
    report = check_stages.checked(settings, check_stages.slot_at(settings, now) if slot == "auto" else slot, now)
    if not as_json:
        # before it is posted: what was found is worth knowing where Slack is away
        _show("\n".join(report.lines), as_json)
    # whoever types it wants it told, the same findings as before or not
    posted = check_stages.post_check(settings, report, now.isoformat(), _who())
    if as_json:
        _show(posted, as_json)
    _require_delivered(posted)
    if report.slot not in CHECK_TITLES and not report.report.passed:
        raise BlockedError(f"{report.title}: {report.headline}.")


@app.command()
def revalidate(
    run: Annotated[str, typer.Option(help="`latest`, or the id of a finished run.")] = "latest",
    system: System = None,
    announce: Annotated[bool, typer.Option(help="Post the verdict to Slack.")] = False,
    as_json: Json = False,
) -> None:
    """Judge a run by a real backtest and the six gates, weigh the evidence, seal the bundle and write the report."""
    settings = load_settings()
    with terminal.progress(errors) as progress:
        verdict = verdict_stages.revalidate(settings, system or settings.system, run, progress, _who())
    posted = verdict_stages.announce_revalidation(settings, verdict["id"]) if announce else None
    _show(verdict, as_json)
    if posted is not None:
        _require_delivered(posted)


@app.command("cross-validate")
def cross_validate(
    scheme: Annotated[
        str,
        typer.Option(
            help="walk_forward: train on the past, test on what follows; combinatorial: every choice of "
            "groups is a test."
        ),
    ] = "walk_forward",
    system: System = None,
    dataset_id: Annotated[
        str | None, typer.Option("--dataset", help="Frozen dataset; a new one is frozen when left out.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="Named change of the hyper-parameters.")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE, such as training.learning_rate=1e-4.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Environment steps of each training.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Root seed of each training.")] = None,
    folds: Annotated[int | None, typer.Option(help="Walk-forward: trainings; 4.")] = None,
    train_candles: Annotated[
        int | None, typer.Option(help="Walk-forward: candles of the first training; half of the history.")
    ] = None,
    anchored: Annotated[
        bool | None,
        typer.Option("--anchored/--rolling", help="Walk-forward: every training begins at the oldest candle."),
    ] = None,
    groups: Annotated[int | None, typer.Option(help="Combinatorial: equal parts of the history; 6.")] = None,
    tested: Annotated[int | None, typer.Option(help="Combinatorial: groups of each test; 2.")] = None,
    embargo_candles: Annotated[
        int | None, typer.Option(help="Combinatorial: candles kept out of training after a test, beside the purge.")
    ] = None,
    purge_candles: Annotated[
        int | None, typer.Option(help="Candles kept out of training next to a test; the system's embargo.")
    ] = None,
    validation_candles: Annotated[
        int | None, typer.Option(help="Newest candles of each training, on which its checkpoint is chosen.")
    ] = None,
    announce: Annotated[bool, typer.Option(help="Post the result to Slack.")] = False,
    as_json: Json = False,
) -> None:
    """Train and test on several windows of one history; stopped, it goes on where it was when typed again."""
    settings = load_settings()
    fields: dict[str, Any] = {
        "scheme": scheme, "folds": folds, "train_candles": train_candles, "is_anchored": anchored, "groups": groups,
        "tested": tested, "embargo_candles": embargo_candles, "purge_candles": purge_candles,
        "validation_candles": validation_candles,
    }  # fmt: skip
    request = parse(CrossValidationRequest, fields, "cross-validate")
    planned = fold_stages.plan(
        settings, system or settings.system, request, dataset_id=dataset_id, preset=preset,
        overrides=assignments(change or [], "--set"), steps=steps, seed=seed,
    )  # fmt: skip
    with terminal.progress(errors) as progress:
        for number in range(planned["folds"]):
            fold_stages.run_fold(settings, planned["id"], number, progress=progress)
    found = fold_stages.collect(settings, planned["id"])
    if announce:
        fold_stages.announce(settings, planned["id"])
    if as_json:
        _show(found, as_json)
        return
    _show(found["paths"], as_json)
    _show(f"\n{found['summary']}\n{found['page']}", as_json)


@app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="Folder of a revalidation, or a copy of it from another machine.")],
    as_json: Json = False,
) -> None:
    """Judge a decision bundle again from its files alone; exit status 1 where this machine finds another verdict."""
    with terminal.progress(errors) as progress:
        found = verdict_stages.verify_bundle(bundle, progress)
    rows = [{"check": check["name"], "": "✓", "found": check["message"]} for check in found["checks"]["results"]]
    _show(found if as_json else rows, as_json)


@champion.command("show")
def champion_show(system: System = None, as_json: Json = False) -> None:
    """Show the promoted model of a system: run, evidence, who approved it, until when it stands."""
    settings = load_settings()
    standing = verdict_stages.champion(settings, load_system(system or settings.system).name)
    told = "No model was promoted yet." if standing is None else _promotion(standing)
    _show(standing if as_json else told, as_json)


@champion.command("rollback")
def champion_rollback(
    to: Annotated[str, typer.Option(help="Run of an earlier champion.")],
    by: Annotated[str, typer.Option(help="Who decided it; stands in champion.json.")],
    system: System = None,
    as_json: Json = False,
) -> None:
    """Make an earlier champion the champion again, after its model was held against the one promoted then."""
    settings = load_settings()
    standing = verdict_stages.rollback(settings, system or settings.system, to, by)
    _show(standing if as_json else _promotion(standing), as_json)


@campaign.command("show")
def campaign_show(as_json: Json = False) -> None:
    """Show the plan of the campaign, who answers for what, and the sign-offs of its five phases."""
    plan = campaign_stages.plan(load_settings())
    if as_json:
        _show(plan, as_json)
        return
    _show(f"{plan['name']}: {plan['start']} to {plan['end']}, {len(plan['days'])} days\n", as_json)
    for name in ("calendar", "sign_offs", "owners", "support"):
        _show(plan[name], as_json)
        _show("", as_json)


@campaign.command("sign-off")
def campaign_sign_off(
    phase: Annotated[
        str,
        typer.Argument(
            metavar="PHASE", help="pre_training, daily_monitoring, revalidation, cto_decision or live_deployment."
        ),
    ],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who signs.")],
    status: Annotated[str, typer.Option(help="done, open (takes an earlier answer back) or refused.")] = "done",
    note: Annotated[str, typer.Option(help="Why, or what was seen.")] = "",
    as_json: Json = False,
) -> None:
    """Sign off a phase of the campaign."""
    _show(campaign_stages.sign_off(load_settings(), phase, status, by, note), as_json)


@alerts.command("list")
def alerts_list(as_json: Json = False) -> None:
    """Show what has not reached Slack, since when and why; exit status 1 when there is anything."""
    _show_undelivered(alert_stages.waiting_alerts(load_settings()), as_json)


@alerts.command("flush")
def alerts_flush(as_json: Json = False) -> None:
    """Send now what has not reached Slack, and what Slack refused; exit status 1 when anything is left."""
    _show_undelivered(alert_stages.flush_alerts(load_settings()), as_json)


@alerts.command("drop")
def alerts_drop(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The message as `alerts list` names it.")],
    as_json: Json = False,
) -> None:
    """Forget a message or a file that has not reached Slack; show what is left."""
    left = alert_stages.drop_alert(load_settings(), key)
    _show(left if left or as_json else "Everything else has been delivered.", as_json)


@sandbox.callback(invoke_without_command=True)
def sandbox_serve(context: typer.Context) -> None:
    """Serve the sandbox until interrupted."""
    if context.invoked_subcommand is None:
        from include.sandbox.server import serve

        serve(load_settings())


@sandbox.command("advance")
def sandbox_advance(
    by: Annotated[str, typer.Argument(help="How far, such as 4h, 30m or 2d.")], as_json: Json = False
) -> None:
    """Move the sandbox's virtual clock."""
    from include.sandbox.client import advance

    _show(advance(load_settings(), by), as_json)


@sandbox.command("faults")
def sandbox_faults(
    plan: Annotated[Path | None, typer.Argument(help="YAML or JSON file of faults to put in force.")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="End all faults.")] = False,
    as_json: Json = False,
) -> None:
    """Let the running sandbox show faults; without a plan, say what was done to which request."""
    from include.sandbox.client import fault_log, set_faults, stop_faults

    settings = load_settings()
    if plan is not None:
        _show(set_faults(settings, plan), as_json)
    else:
        _show(stop_faults(settings) if stop else fault_log(settings), as_json)


@app.command()
def bench(
    only: Annotated[str | None, typer.Option(help="Goals, such as P4,P5; all of them when left out.")] = None,
    as_json: Json = False,
) -> None:
    """Measure the performance goals side by side with their peers."""
    from bench.goals import run

    with terminal.progress(errors) as progress:
        figures = run(only, progress)
    _show([figure.document() if as_json else figure.row() for figure in figures], as_json)


@app.command()
def up(
    exit_when_done: Annotated[bool, typer.Option("--exit", help="Stop when the chain is done.")] = False,
) -> None:
    """Start sandbox and Airflow, drive the whole chain once, and stay up until Ctrl-C."""
    from include.orchestration.up import up as bring_up

    bring_up(load_settings(), errors, exit_when_done=exit_when_done)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at everything a deployment needs, from disk to Slack's scopes; each finding says how to mend it.

    Nothing is changed or posted. Exit status 1 where something critical is wrong.
    """
    from include.orchestration.doctor import examine

    report = examine(load_settings())
    _show(report.model_dump(mode="json") if as_json else terminal.verdicts(report), as_json)
    if not report.passed:
        raise ConfigurationError(f"{len(report.failures)} of {len(report.results)} findings want a hand.")


def main() -> None:
    """Run the command line; an error is one plain sentence and exit status 1."""
    logging.basicConfig(
        level=logging.WARNING, format="%(message)s", handlers=[RichHandler(console=errors, show_path=False)]
    )
    try:
        app()
    except PerpetuaError as error:
        errors.print("[bold red]✗[/]", Text(str(error)), soft_wrap=True)
        sys.exit(1)
    except OSError as error:
        # a folder that cannot be written, a full disk: the system's own words say it best
        errors.print("[bold red]✗[/]", Text(str(error)), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        errors.print("Interrupted.")
        sys.exit(130)


def _show(document: Any, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))
    elif isinstance(document, str):
        typer.echo(document)
    else:
        terminal.show(document)


def _show_undelivered(rows: list[dict[str, Any]], as_json: bool) -> None:
    _show(rows if rows or as_json else "Everything has been delivered.", as_json)
    if rows:
        raise UndeliveredError(
            f"{len(rows)} not delivered. Hint: `alerts flush` tries again; docs/alerts.md says what to do."
        )


def _require_delivered(posted: dict[str, Any]) -> None:
    if posted["ts"] is None:
        raise TransientError(
            "The message has not been delivered; it is kept. Hint: `alerts list` says why, `alerts flush` sends it."
        )


def _who() -> str:
    """Return the name that this person has on this machine; a container may know none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "command line"


def _promotion(standing: dict[str, Any]) -> dict[str, Any]:
    earlier = ", ".join(promotion["run_id"] for promotion in standing["history"]) or "none"
    return standing | {"history": earlier}


def _version(text: str | None) -> int | datetime | None:
    if text is None:
        return None
    return int(text) if text.isdigit() else parse_utc(text)


def _feature_report(settings: Settings, feature_set: str) -> str:
    # a single stage has no Airflow that would serve the page
    return str(settings.home.feature_report(feature_set) / "index.html")


def _features_of_file(
    candles: Path | None, feature_set: str | None, output: Path | None, timeframe: str | None
) -> dict[str, Any]:
    from dataclasses import asdict

    from include.features.candle_file import build_file

    if candles is None or feature_set is None or output is None:
        raise InvalidInputError(
            f"`--candles`, `--set` and `--output` must be given together, were {candles}, {feature_set}, {output}."
        )
    with terminal.progress(errors) as progress:
        return asdict(build_file(candles, feature_set, output, timeframe, progress))


def _changes(source: Path | None) -> dict[str, Any]:
    if source is None:
        return {}
    document = read_yaml(source)
    if not isinstance(document, dict):
        raise InvalidInputError(f"`--config` must be a YAML file of sections, was {document!r}. Hint: training: {{…}}")
    return document
