"""Our own systems as the audit plays them: a scenario becomes a dataset with the system's real features."""

from typing import Any, overload

import gymnasium
import numpy as np

from include.config.system import SystemConfig, load_system
from include.core.clock import from_ms
from include.environments.audit.scenario import Scenario
from include.environments.make import FACES, make_env
from include.environments.phase4.windows import unbroken_runs
from include.features.dataset import Dataset, DatasetInfo, SymbolSeries, Window
from include.features.inputs import FeatureInputs
from include.features.kernels.volatility import atr
from include.features.matrix import compute
from include.features.registry import feature_set

BPS = 1e-4
_PLAYED = 400
# exits that no market of the audit reaches; with that risk the leverage alone limits the size
_OUT_OF_REACH = {"stop_atr": 1e4, "take_profit_atr": 1e4, "risk_per_trade": 1e6}


@overload
def system_of(target: str) -> SystemConfig: ...
@overload
def system_of(target: object) -> SystemConfig | None: ...
def system_of(target: object) -> SystemConfig | None:
    """Return the system of this name, or that of the face which the class `target` derives from, or None."""
    if isinstance(target, str):
        return load_system(target)
    for name, face in FACES.items():
        if isinstance(target, type) and issubclass(target, face):
            return load_system(name)
    return None


def rows_of(system: SystemConfig) -> int:
    """Return how many candles a market needs so that every feature is warm before the episode."""
    return feature_set(system.feature_set).warmup + system.lookback + _PLAYED


def episode_env(system: SystemConfig, scenario: Scenario, face: type[Any] | None = None) -> gymnasium.Env[Any, Any]:
    """Return the environment of `system` over `scenario`, as the scenario asks for it.

    Parameters
    ----------
    system : SystemConfig
        One that has a Gymnasium face.
    scenario : Scenario
        Market and requests.
    face : class or None
        Derived from the system's face, in its place.
    """
    dataset = dataset_of(system, scenario)
    asked = _asked(system, scenario)
    if face is None:
        return make_env(asked, dataset, "train", deterministic=scenario.is_fixed, symbols=[scenario.symbol])
    (_, last), *_ = unbroken_runs(dataset.split("train")[scenario.symbol])
    length = last if scenario.is_fixed else system.episode_length
    made: gymnasium.Env[Any, Any] = face(
        asked,
        dataset,
        "train",
        symbols=(scenario.symbol,),
        deterministic=scenario.is_fixed,
        episode_length=length,
        seed=None,
    )
    return made


def dataset_of(system: SystemConfig, scenario: Scenario) -> Dataset:
    """Return `scenario` as a dataset of `system` whose training split is the warm part of the market.

    Features come from the system's own feature set, so an audit sees look-ahead in them too; those that need sources
    beside candles are inactive.
    """
    chosen = feature_set(system.feature_set)
    frame = scenario.frame().drop(columns="funding_rate").reset_index()
    features = np.nan_to_num(compute(FeatureInputs(frame, system.timeframe), chosen).to_numpy(np.float32), nan=0.0)
    ranges = atr(scenario.high, scenario.low, scenario.close, system.account.atr_lookback)
    nothing = np.zeros(len(scenario))
    series = SymbolSeries(
        scenario.symbol,
        scenario.open_time,
        scenario.open,
        scenario.high,
        scenario.low,
        scenario.close,
        scenario.volume,
        np.nan_to_num(ranges, nan=0.0),
        nothing,
        scenario.funding_rate,
        nothing,
        np.zeros(len(scenario), np.int32),
        features,
    )
    start = from_ms(int(scenario.open_time[chosen.warmup]))
    end = from_ms(int(scenario.open_time[-1]) + scenario.step_ms)
    info = DatasetInfo(
        id="audit",
        system=system.name,
        timeframe=system.timeframe,
        feature_set=chosen.name,
        feature_set_sha256=chosen.sha256,
        features=chosen.names,
        inactive_features={},
        symbols=(scenario.symbol,),
        dropped_symbols={},
        rows={scenario.symbol: len(scenario)},
        splits={"train": Window(start=start, end=end)},
        lake_versions={},
        code_version="audit",
        statistics={},
        files={},
    )
    return Dataset(info, {scenario.symbol: series})


def _asked(system: SystemConfig, scenario: Scenario) -> SystemConfig:
    changes: dict[str, float | None] = {}
    if scenario.fee is not None:
        changes["fee_bps"] = scenario.fee / BPS
    if scenario.slippage is not None:
        changes["slippage_bps"] = scenario.slippage / BPS
    if not scenario.has_exits:
        changes |= {name: value for name, value in _OUT_OF_REACH.items() if getattr(system.account, name) is not None}
    return system.model_copy(update={"account": system.account.model_copy(update=changes)})
