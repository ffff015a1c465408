"""The one command: start everything, drive the chain, show it as it runs, stay up until Ctrl-C."""

import signal
import time
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from include.config.settings import Settings
from include.config.system import load_system
from include.core.errors import ConfigurationError
from include.orchestration.chain import Chain, Stage
from include.orchestration.links import Links
from include.orchestration.progress import progress_file, read_progress
from include.orchestration.stack import Stack
from include.orchestration.summary import Summary, summarise

MARKS = {
    "success": "[green]✓[/]", "failed": "[red]✗[/]", "running": "[cyan]●[/]", "skipped": "[dim]–[/]",
    "awaiting_input": "[yellow]?[/]", "up_for_retry": "[yellow]↻[/]", "upstream_failed": "[red]·[/]",
}  # fmt: skip
LABELS = {
    "market_data": "market data → validation → lake",
    "build_features": "features",
    "train_ppo": "dataset → PPO training",
    "training_checks": "standup check",
    "revalidate_model": "revalidation → decision → Slack",
}


def up(settings: Settings, console: Console, *, exit_when_done: bool) -> None:
    """Start the stack, drive the chain, print the closing table, and stay up unless told to exit."""
    started = time.monotonic()
    preflight(settings)
    console.print(
        f"Perpetua · {settings.mode} · profile {settings.profile_name} · "
        f"{len(settings.universe.symbols)} symbols · {settings.home.root}"
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stop from outside is as clean as Ctrl-C
    with console.status("Starting the sandbox and Airflow …") as status, Stack.running(settings) as stack:
        status.stop()
        booted = time.monotonic()
        console.print(f"[green]✓[/] up after {booted - started:.0f} s: " + ", ".join(stack.pids()))
        chain = _drive(stack, settings, console)
        seconds = time.monotonic() - booted
        console.print(_closing_table(settings, summarise(settings, chain), seconds, is_staying=not exit_when_done))
        if not exit_when_done:
            _stay_up(stack, console)
    console.print("Stopped.")


def preflight(settings: Settings) -> None:
    """Refuse settings that would only fail after everything has started: system, campaign, universe, credentials."""
    load_system(settings.system)
    _ = settings.campaign, settings.universe, settings.profile
    if not settings.is_sandbox:
        for name, secret in (("SLACK_TOKEN", settings.slack_token), ("FRED_API_KEY", settings.fred_api_key)):
            if not secret.get_secret_value():
                raise ConfigurationError(f"`PERPETUA_{name}` must be set in live mode, was empty.")


def _drive(stack: Stack, settings: Settings, console: Console) -> Chain:
    source = progress_file(settings.home.processes)
    source.unlink(missing_ok=True)
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        chain = Chain(stack, settings, lambda stages: live.update(_chain_table(stages, read_progress(source))))
        try:
            chain.drive()
        except KeyboardInterrupt:
            console.print(_chain_table(chain.stages, None))
            console.print("Stopping …")
            raise
    console.print(_chain_table(chain.stages, None))
    return chain


def _stay_up(stack: Stack, console: Console) -> None:
    console.print("The schedules are running. Ctrl-C stops everything.")
    try:
        while True:
            stack.require_alive()
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("Stopping …")


def _chain_table(stages: list[Stage], news: dict[str, Any] | None) -> Group:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("", "stage", "tasks", "seconds"):
        table.add_column(column, justify="right" if column == "seconds" else "left")
    for stage in stages:
        tasks = " ".join(f"{MARKS.get(state, '[dim]·[/]')} {task_id.split('.')[-1]}" for task_id, state in stage.tasks)
        seconds = f"{stage.seconds:.1f}" if stage.run_id else ""
        table.add_row(MARKS.get(stage.state, "[dim]·[/]"), LABELS[stage.dag_id], tasks, seconds)
    if news is None or not news["total"]:
        return Group(table)
    share = news["done"] / news["total"]
    bar = "━" * round(30 * share)
    return Group(
        table, Text.from_markup(f"\n  {news['label']}  [cyan]{bar:<30}[/] {news['done']:,} of {news['total']:,}")
    )


def _closing_table(settings: Settings, summary: Summary, chain_seconds: float, *, is_staying: bool) -> Table:
    links = Links(settings)
    table = Table(title="Perpetua", title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")  # an address must stay whole
    table.add_row("candles", f"{summary.candles:,} of {summary.symbols} symbols, {summary.new_candles:,} new")
    table.add_row("features", f"{summary.features} features, {summary.feature_rows:,} rows")
    speed = f"{summary.timesteps:,} steps, {summary.steps_per_second:,.0f} steps/s"
    note = " (trained before, reused)" if summary.is_reused else ""
    table.add_row("training", f"{speed}, run {summary.run_id}{note}")
    for place, gate in enumerate(summary.gates):
        mark = "[green]✓[/]" if gate["passed"] else "[red]✗[/]"
        table.add_row("" if place else "gates", f"{mark} {gate['message']}")
    table.add_row("decision", f"[bold]{summary.decision}[/] ({summary.decision_note})")
    table.add_row("chain", f"{chain_seconds:.0f} s")
    if is_staying:
        table.add_row("Airflow", links.airflow)
        if links.slack:
            table.add_row("Slack", links.slack)
        table.add_row("report", summary.report)
        table.add_row("data quality", links.data_quality)
    else:
        # the servers stop with this command, so the files themselves are named
        table.add_row("report", str(settings.home.revalidation(summary.revalidation_id) / "revalidation_result.html"))
        table.add_row("data quality", str(settings.home.data_quality / "index.html"))
        table.add_row("Airflow, Slack", "stopped; `make run` without EXIT=1 keeps them up")
    return table
