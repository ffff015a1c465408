"""Runs in the peers' interpreter: one request a line on stdin, one answer a line on stdout, both JSON.

It imports nothing of this project. The first argument is the market, an npz file. Requests: `names`; `rate` (name,
steps): environment steps per processor second. Each environment gets as many inputs as ours, one row at a time.
"""

import contextlib
import gc
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

EPISODE = 200
INPUTS = 104


def anytrading(market: Any) -> Any:
    from gym_anytrading.envs.stocks_env import StocksEnv

    class Wide(StocksEnv):
        """Its own rewards and profits, our number of inputs."""

        def _process_data(self) -> tuple[np.ndarray, np.ndarray]:
            features = np.resize(market["features"], (len(self.df), INPUTS)).astype(np.float32)
            return self.df["Close"].to_numpy(np.float32)[:EPISODE], features[:EPISODE]

    frame = pd.DataFrame({"Close": market["close"]})
    return Wide(frame, 1, (1, EPISODE))


def trading_env(market: Any) -> Any:
    from gym_trading_env.environments import TradingEnv

    rows = len(market["close"])
    # the environment adds two inputs of its own
    features = np.resize(market["features"], (rows, INPUTS - 2))
    frame = pd.DataFrame(features, columns=[f"feature_{number}" for number in range(INPUTS - 2)])
    for name in ("open", "high", "low", "close"):
        frame[name] = market[name]
    frame.index = pd.date_range("2022-01-03", periods=rows, freq="4h")
    return TradingEnv(frame, positions=[-1, 0, 1], trading_fees=0.0005, max_episode_duration=EPISODE, verbose=0)


def freqai(market: Any) -> Any:
    from freqtrade.freqai.RL.Base5ActionRLEnv import Base5ActionRLEnv

    class Plain(Base5ActionRLEnv):
        """The reward is left to users; this one is as cheap as one that looks at the account can be."""

        def calculate_reward(self, action: int) -> float:
            del action
            return self.get_unrealized_profit()

    # it shows the row before the current one, and adds three inputs of the account
    rows = EPISODE + 1
    features = pd.DataFrame(np.resize(market["features"], (rows, INPUTS - 3)))
    prices = pd.DataFrame({name: market[name][:rows] for name in ("open", "high", "low", "close")})
    return Plain(
        df=features,
        prices=prices,
        reward_kwargs={"rr": 1, "profit_aim": 0.025},
        window_size=1,
        config={"freqai": {"rl_config": {"add_state_info": True}}, "stake_amount": "unlimited"},
        live=True,
        can_short=True,
        fee=0.0005,
        df_raw=features,
    )


PEERS: dict[str, Callable[[Any], Any]] = {
    "gym-anytrading": anytrading,
    "gym-trading-env": trading_env,
    "freqtrade": freqai,
}


def rate(env: Any, steps: int) -> float:
    actions = np.random.default_rng(2).integers(env.action_space.n, size=steps).tolist()
    env.reset(seed=1)
    gc.collect()
    start = time.process_time()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
    return steps / (time.process_time() - start)


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    market = np.load(sys.argv[1])
    envs = {}
    for package, make in PEERS.items():
        with contextlib.suppress(ImportError):
            env = make(market)
            assert np.size(env.reset(seed=1)[0]) == INPUTS
            envs[f"{package} {importlib.metadata.version(package)}"] = env
    for line in sys.stdin:
        request = json.loads(line)
        answer = list(envs) if request["what"] == "names" else rate(envs[request["name"]], request["steps"])
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
