"""The exchange of P7: the sandbox on a free port, without limits, until it is told to end; it prints the port."""

import os
import sys

from include.config.settings import load_settings
from include.sandbox.request_budget import Limits, Rate
from include.sandbox.server import listen, server_of

_UNLIMITED = Rate(10**9, 60)


def main(data: str, home: str) -> None:
    """Serve the folder `data`, up to the end of its candles."""
    os.environ |= {
        "PERPETUA_HOME": home,
        "PERPETUA_SANDBOX_DATA": data,
        "PERPETUA_SANDBOX_DAYS_BEFORE_END": "0.001",
    }
    with listen(0) as listener:
        server = server_of(load_settings(), limits=Limits(_UNLIMITED, _UNLIMITED, _UNLIMITED, _UNLIMITED))
        print(listener.getsockname()[1], flush=True)
        server.run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
