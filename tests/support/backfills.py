"""A back-fill in small batches in a process of its own, which can be killed at any moment."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from include.config.settings import Settings, load_settings
from include.market.backfill import Backfilled, backfill
from include.market.ingest import FetchRequest
from include.orchestration.stages import validate_market_data

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
SERIES = ("candles", "mark", "funding_rates")
START = datetime(2024, 1, 1, tzinfo=UTC)
END = START + timedelta(days=700)
# so that each walk is cut, and a batch holds parts of two symbols
BATCH_RECORDS = 5_000


def fill(settings: Settings) -> Backfilled:
    """Back-fill two years of three symbols, or go on with it."""
    request = FetchRequest.of(settings, SYMBOLS, "4h", START, END, SERIES, None)
    return backfill(
        settings,
        request,
        lambda batch_id: validate_market_data(settings, batch_id)["failures"],
        batch_records=BATCH_RECORDS,
    )


def start(settings: Settings) -> subprocess.Popen[str]:
    """Return a process that back-fills as soon as it can."""
    environment = os.environ | {
        "PERPETUA_HOME": str(settings.home.root),
        "PERPETUA_SANDBOX_PORT": str(settings.sandbox_port),
        "PERPETUA_PACE": "off",
    }
    return subprocess.Popen([sys.executable, "-m", "tests.support.backfills"], env=environment, text=True)


if __name__ == "__main__":
    fill(load_settings())
