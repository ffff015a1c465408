"""A real sandbox server for tests: real HTTP, real data, a virtual clock of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from time import monotonic, sleep
from typing import Any, NamedTuple

from include.config.settings import Settings
from include.sandbox.request_budget import Limits, Rate
from include.sandbox.server import listen, server_of

Tell = Callable[[str, str], None]
UNLIMITED = 10**9
NO_LIMITS = Limits(*[Rate(UNLIMITED, 60)] * 4)


class RunningSandbox(NamedTuple):
    """Where the sandbox answers, and the settings that lead there (`sandbox_port` is its port)."""

    base_url: str
    settings: Settings


class Watched:
    """An application that tells each request, path and query, before it is answered."""

    def __init__(self, app: Any, tell: Tell) -> None:
        self._app, self._tell = app, tell

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self._tell(scope["path"], scope["query_string"].decode())
        await self._app(scope, receive, send)


@contextmanager
def running_sandbox(
    settings: Settings, limits: Limits = NO_LIMITS, tell: Tell | None = None
) -> Iterator[RunningSandbox]:
    """Serve the sandbox of `settings` from a thread, on a free loopback port.

    Use it as ``with running_sandbox(settings) as (base_url, settings):`` and give the yielded
    settings to the code under test. The market is synthetic with the universe of the settings;
    tests of few symbols set ``PERPETUA_UNIVERSE=BTC/USDT:USDT,ETH/USDT:USDT``. Its clock stands in
    ``home.sandbox`` and is moved with ``POST {base_url}/sandbox/advance``, body ``{"by": "4h"}``.

    Parameters
    ----------
    settings : Settings
        Settings of an isolated home.
    limits : Limits
        The exchanges' limits, off unless a test asks for some.
    tell : callable or None
        Told path and query of each request.
    """
    with listen(0) as listener:
        port = listener.getsockname()[1]
        settings = settings.model_copy(update={"sandbox_port": port})
        server = server_of(settings, limits=limits)
        if tell is not None:
            server.config.app = Watched(server.config.app, tell)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox")
        thread.start()
        try:
            _wait_until(lambda: server.started or not thread.is_alive())
            yield RunningSandbox(settings.sandbox_url, settings)
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def _wait_until(is_true: object, seconds: float = 10) -> None:
    assert callable(is_true)
    end = monotonic() + seconds
    while not is_true():
        assert monotonic() < end, "the sandbox did not start"
        sleep(0.005)
