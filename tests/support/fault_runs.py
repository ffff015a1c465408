"""A deployment whose outside world misbehaves on demand: a sandbox with a fault plan, a home, and a lake to look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pyarrow as pa

from include.config.settings import Settings
from include.core.checks import CheckReport
from include.lake.lake import Lake
from include.market.ingest import fetch
from include.market.publish import publish
from include.market.retry import Retry, RetryPolicy
from include.market.staging import BatchInfo
from include.validation.batch import validate_batch
from tests.support.sandbox import running_sandbox

Rows = list[dict[str, Any]]


@dataclass
class Deployment:
    """A home whose settings lead to a running sandbox.

    Parameters
    ----------
    settings : Settings
        Settings of the home.
    client : httpx.Client
        Asks the sandbox itself.
    symbols : tuple of str
        What an ingestion fetches.
    """

    settings: Settings
    client: httpx.Client
    symbols: tuple[str, ...]
    report: CheckReport | None = field(default=None, init=False)
    _batches: int = field(default=0, init=False)

    @property
    def lake(self) -> Lake:
        return Lake.of(self.settings)

    def plan(self, *rules: dict[str, Any], seed: int = 1) -> None:
        """Put faults in force; without rules, end them and forget what was logged."""
        answer = self.client.put("/sandbox/faults", json={"seed": seed, "rules": rules})
        assert answer.status_code == 200, answer.text

    def log(self) -> Rows:
        """What was done to which request since the plan was put in force."""
        entries: Rows = self.client.get("/sandbox/faults/log").json()["entries"]
        return entries

    def advance(self, by: str) -> None:
        assert self.client.post("/sandbox/advance", json={"by": by}).status_code == 200

    def ingest(self, *, retry: Retry | None = None, **arguments: Any) -> BatchInfo:
        """Fetch, validate and publish once."""
        self._batches += 1
        batch_id = f"b{self._batches}"
        batch = fetch(self.settings, batch_id, symbols=self.symbols, retry=retry or patient(), **arguments)
        self.report = validate_batch(self.settings, batch_id)
        publish(self.settings, batch_id)
        return batch

    def rows(self, table: str, *columns: str) -> Rows:
        """Return a table of the lake."""
        found: Rows = self.lake.read_arrow(table, columns or None).to_pylist()
        return found

    def candles(self) -> pa.Table:
        return self.lake.read_arrow("candles")

    def open_times(self, symbol: str) -> list[int]:
        """Return the open times that the lake holds of a symbol, epoch milliseconds."""
        return [
            round(row["open_time"].timestamp() * 1_000)
            for row in self.rows("candles", "symbol", "open_time")
            if row["symbol"] == symbol
        ]

    def twin(self, home: Path) -> "Deployment":
        """Return a deployment of another, empty home at the same sandbox, its faults ended."""
        self.client.delete("/sandbox/faults")
        return Deployment(self.settings.model_copy(update={"home_path": home}), self.client, self.symbols)


def patient(attempts: int = 5) -> Retry:
    """Retries that wait only where the venue asks for it."""
    return Retry(RetryPolicy(attempts=attempts, base_seconds=0.0))


def in_ms(instant: Any) -> int:
    """Return an instant as epoch milliseconds."""
    return round(pd.Timestamp(instant).timestamp() * 1_000)


@contextmanager
def deployment(settings: Settings, symbols: tuple[str, ...]) -> Iterator[Deployment]:
    """Run a sandbox of `settings`, and yield a deployment that asks it."""
    with (
        running_sandbox(settings) as (url, served),
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield Deployment(served, client, symbols)
