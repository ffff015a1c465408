from typing import Any

import numpy as np
import pytest

from include.environments.audit.look_ahead import no_look_ahead
from tests.support.audits import probe_of
from tests.support.defects.ledger import LedgerEnv
from tests.support.defects.planted import SeesNextCandle


class NormalisesByTheWholeFrame(LedgerEnv):
    def observe(self) -> np.ndarray:
        return super().observe() / np.float32(1 + 100 * np.log(self.market.close).std())


class SeesFarAhead(LedgerEnv):
    """A centred average: ten candles of the past, ten of the future."""

    def observe(self) -> np.ndarray:
        seen = super().observe()
        seen[0] = np.log(self.market.close[max(0, self.row - 10) : self.row + 11].mean() / self.market.close[self.row])
        return seen


class FillsAtTheClose(LedgerEnv):
    """A decision is filled at the close that it was made at: unusual, and no look-ahead."""

    def fill(self, action: int, price: float) -> None:
        super().fill(action, float(self.market.close[self.row - 1]))


class SeesTheNextCandleTwice(SeesNextCandle):
    def observe(self) -> np.ndarray:
        seen = super().observe()
        seen[5] = seen[4]
        return seen


class InADictionary(SeesNextCandle):
    def observe(self) -> Any:
        return {"seen": super().observe()}


@pytest.mark.parametrize("env", [LedgerEnv, FillsAtTheClose])
def test_observations_of_the_past_pass(env):
    result = no_look_ahead(probe_of(env))

    assert result.passed, result.message


@pytest.mark.parametrize("env", [SeesNextCandle, SeesFarAhead, NormalisesByTheWholeFrame, InADictionary])
def test_observations_of_the_future_fail(env):
    assert not no_look_ahead(probe_of(env)).passed


def test_the_place_that_looks_ahead_is_named():
    result = no_look_ahead(probe_of(SeesNextCandle))

    assert result.message == (
        "Observation entry 4 before step 3 already changes with the candle that step 3 plays: "
        "the environment shows the future."
    )


def test_several_places_that_look_ahead_are_named_too():
    result = no_look_ahead(probe_of(SeesTheNextCandleTwice))

    assert result.message.startswith("Each of observation entries 4, 5 before step 3 already changes")
