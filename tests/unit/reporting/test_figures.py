import struct
from pathlib import Path

import numpy as np
import pytest

from include.config.settings import Settings
from include.core.errors import MissingInputError
from include.reporting.figures import EquityCurves, drawdowns, equity_figure, training_figure

OPEN_TIME = 1_751_500_800_000 + 14_400_000 * np.arange(50, dtype=np.int64)


def curves(candidate: np.ndarray) -> EquityCurves:
    walk = np.random.default_rng(1).normal(0, 1, (5, 50)).cumsum(axis=1)
    return EquityCurves(OPEN_TIME, candidate, np.linspace(100, 110, 50), 100 + walk)


def size_of(png: Path) -> tuple[int, int]:
    content = png.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def test_drawdowns_are_fractions_from_the_running_peak() -> None:
    equity = np.array([[100.0, 120.0, 90.0, 120.0, 60.0], [100.0, 50.0, 75.0, 100.0, 200.0]])
    np.testing.assert_allclose(drawdowns(equity), [[0, 0, 0.25, 0, 0.5], [0, 0.5, 0.25, 0, 0]])


def test_the_equity_figure_is_a_png_wide_enough_for_a_page(tmp_path: Path) -> None:
    target = equity_figure(curves(np.linspace(100, 90, 50)), "title", tmp_path / "equity.png")
    width, height = size_of(target)
    assert width > 1200
    assert 0.5 < height / width < 0.7


def test_the_equity_figure_shows_the_candidate(tmp_path: Path) -> None:
    up = equity_figure(curves(np.linspace(100, 120, 50)), "title", tmp_path / "up.png").read_bytes()
    down = equity_figure(curves(np.linspace(100, 80, 50)), "title", tmp_path / "down.png").read_bytes()
    again = equity_figure(curves(np.linspace(100, 120, 50)), "title", tmp_path / "again.png").read_bytes()
    assert up != down
    assert up == again


def test_a_single_candle_and_a_lost_account_can_be_drawn(tmp_path: Path) -> None:
    one = EquityCurves(OPEN_TIME[:1], np.array([1.0]), np.array([1.0]), np.ones((1, 1)))
    size_of(equity_figure(one, "one candle", tmp_path / "one.png"))
    size_of(equity_figure(curves(np.linspace(100, -5, 50)), "lost", tmp_path / "lost.png"))


def test_the_training_figure_is_drawn_from_the_logs_of_a_run(trained: tuple[Settings, Path], tmp_path: Path) -> None:
    _, run_folder = trained
    width, _ = size_of(training_figure(run_folder, tmp_path / "training.png"))
    assert width > 1200


def test_a_run_that_does_not_exist_has_no_figure(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError):
        training_figure(tmp_path / "none", tmp_path / "training.png")
    assert not (tmp_path / "training.png").exists()


def test_the_band_leaves_out_what_one_in_twenty_random_policies_does(tmp_path: Path) -> None:
    usual = np.tile(np.linspace(100, 101, 50), (100, 1))
    wild = usual.copy()
    wild[0] = np.linspace(100, 900, 50)
    candidate = np.linspace(100, 110, 50)
    drawn = [
        equity_figure(EquityCurves(OPEN_TIME, candidate, candidate, random), "t", tmp_path / "x.png").read_bytes()
        for random in (usual, wild)
    ]
    assert drawn[0] == drawn[1]
