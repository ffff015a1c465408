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

    assert result.message == "The observation before step 3 changes in 4 with candles that step 3 plays first."
