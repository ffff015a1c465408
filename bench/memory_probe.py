"""Compute every feature of one symbol with `sys.argv[1]` one-minute candles and print the peak memory as JSON.

A process of its own: a peak cannot be reset.
"""

import json
import resource
import sys
import time

from bench.market import MINUTE_MS, inputs
from include.features.matrix import compute
from include.features.registry import feature_set


def peak_bytes() -> int:
    """Return the most memory this process has had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    market94 = feature_set("market94")
    market = inputs(int(sys.argv[1]), 1, "1m", MINUTE_MS)
    before = peak_bytes()
    start = time.perf_counter()
    matrix = compute(market, market94)
    result = {
        "features": len(market94.names),
        "seconds": time.perf_counter() - start,
        "before_bytes": before,
        "result_bytes": int(matrix.memory_usage(deep=True).sum()),
        "peak_bytes": peak_bytes(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
