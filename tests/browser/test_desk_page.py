"""The desk as a person uses it: a real browser, Airflow's login form, a training that runs while one looks."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest
from playwright.sync_api import FrameLocator, Page, expect

from include.config.settings import Settings
from include.core.paths import REPOSITORY
from include.orchestration.stack import passwords
from include.orchestration.verdict_stages import revalidate
from include.training.ownership import is_locked
from include.training.runs import every_run
from tests.support.browser import chromium, log_in, needs_chromium
from tests.support.datasets import dataset_of, series_from_closes, write_dataset
from tests.support.desk import api_server
from tests.support.models import plant
from tests.support.stack import deployment

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    needs_chromium,
]

USER, FINISHED = "olivia", "flat-model"
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
PATIENCE_MS = 60_000


@dataclass(frozen=True)
class Desk:
    """A server with a finished, revalidated run."""

    settings: Settings
    address: str
    dataset_id: str
    environment: dict[str, str]

    @contextmanager
    def training(self, seed: int) -> Iterator[str]:
        """Yield the id of a training that goes on in a process of its own until it is told to stop."""
        steps = ("--steps", "90000000", "--seed", str(seed))
        trainer = self.start("train", "--system", "phase4", "--dataset", self.dataset_id, *steps)
        try:
            yield self._id_of(trainer, seed)
        finally:
            trainer.terminate()
            trainer.wait(60)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command of Perpetua."""
        command = [sys.executable, "-m", "include", *arguments]
        return subprocess.Popen(command, env=self.environment, cwd=REPOSITORY, stdout=subprocess.DEVNULL)

    def _id_of(self, trainer: subprocess.Popen[bytes], seed: int) -> str:
        while trainer.poll() is None:
            ids = [info.run_id for info in every_run(self.settings.home)[0] if info.seed == seed]
            if ids and is_locked(self.settings.home.run(ids[0])):
                return ids[0]
            time.sleep(0.2)
        raise AssertionError(f"the training ended at once with status {trainer.returncode}")


def random_market(symbol: str, seed: int) -> object:
    moves = np.random.default_rng(seed).normal(0, 0.01, 1_600)
    return series_from_closes(symbol, 100 * np.exp(np.cumsum(moves)), spread=0.001)


def prepare(settings: Settings) -> str:
    dataset = dataset_of(*(random_market(symbol, seed) for seed, symbol in enumerate(SYMBOLS)))
    dataset = write_dataset(dataset, settings.home.dataset(dataset.info.id))
    shapes = ((4, len(dataset.info.features) + 10), (4, 4), (5, 4))
    layers = tuple((np.zeros(shape, np.float32), np.zeros(shape[0], np.float32)) for shape in shapes)
    plant(settings, dataset, FINISHED, layers)
    revalidate(settings, "phase4", FINISHED)
    return dataset.info.id


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    changes = {"PERPETUA_USERS": f"anna:admin,{USER}:viewer", "PERPETUA_MLFLOW_URL": "off"}
    with deployment(tmp_path_factory.mktemp("home"), **changes) as settings:
        dataset_id = prepare(settings)
        with api_server(settings) as address:
            yield Desk(settings, address, dataset_id, {**os.environ, "PYTHONPATH": str(REPOSITORY)})


def inside(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def points(frame: FrameLocator) -> int:
    return int(frame.locator('figure[data-curve="kl"]').get_attribute("data-points") or 0)


def test_nothing_is_readable_without_a_login(desk: Desk) -> None:
    with chromium() as (context, _):
        page = context.new_page()
        for path in ("", f"runs/{FINISHED}", f"api/runs/{FINISHED}/curves", "checks", "static/desk.css"):
            page.goto(f"{desk.address}/perpetua/{path}")
            page.wait_for_load_state("networkidle")
            assert "Not authenticated" in page.inner_text("body") or "/auth/login" in page.url
            assert FINISHED not in page.inner_text("body")


def test_a_viewer_watches_a_training_and_reads_a_report_inside_airflow(desk: Desk) -> None:
    with desk.training(seed=5) as run_id, chromium() as (context, seen):
        page = context.new_page()
        page.goto(desk.address)
        log_in(page, USER, passwords(desk.settings)[USER])
        seen.errors.clear()  # Airflow asks for its configuration before the login
        page.get_by_role("button", name="Browse").click()
        page.get_by_role("menuitem", name="Perpetua").click()
        frame = inside(page)
        expect(frame.locator("#running")).to_contain_text(run_id, timeout=PATIENCE_MS)
        expect(frame.locator("#running progress")).to_have_count(1)

        frame.locator("#running a").first.click()
        curve = frame.locator('figure[data-curve="kl"]')
        expect(curve.locator("path.curve")).to_have_count(1, timeout=PATIENCE_MS)
        expect(curve.locator("line.limit")).to_have_count(2)
        before = points(frame)
        expect(curve).not_to_have_attribute("data-points", str(before), timeout=PATIENCE_MS)
        assert points(frame) > before > 0
        assert int(frame.locator("#steps").inner_text().replace(",", "")) > 0

        curve.locator("svg").hover()
        expect(curve.locator("output")).to_contain_text(" at ")

        frame.get_by_role("link", name="Verdicts").click()
        frame.get_by_role("link", name="report", exact=True).first.click()
        expect(frame.locator("body")).to_contain_text("Max drawdown", timeout=PATIENCE_MS)
        frame.locator("th button").first.click()  # the report's own script runs under the policy

    assert seen.errors == []
    assert seen.hosts() == {desk.address.removeprefix("http://")}


def test_a_lost_connection_and_the_end_of_a_training_are_told(desk: Desk) -> None:
    with desk.training(seed=6) as run_id, chromium() as (context, seen):
        page = context.new_page()
        page.goto(f"{desk.address}/perpetua/runs/{run_id}")
        log_in(page, USER, passwords(desk.settings)[USER])
        expect(page.locator("#status")).to_have_text("running", timeout=PATIENCE_MS)
        context.set_offline(True)
        expect(page.locator("#lost")).to_contain_text("connection to Airflow is lost", timeout=PATIENCE_MS)
        context.set_offline(False)
        expect(page.locator("#lost")).to_be_hidden(timeout=PATIENCE_MS)

        assert desk.start("train", "stop", run_id).wait(60) == 0
        expect(page.locator("#status")).to_have_text("stopped", timeout=PATIENCE_MS)
        asked = seen.of("/curves")
        page.wait_for_timeout(7_000)  # two more questions, if it went on asking
        assert seen.of("/curves") == asked
