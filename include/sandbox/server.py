"""Serves the sandbox, on loopback unless a network of containers gives it a name."""

import errno
import socket
from contextlib import suppress

import uvicorn

from include.config.settings import Settings
from include.core.errors import AlreadyRunningError
from include.sandbox.app import create_app
from include.sandbox.faults.transport import BreakableProtocol
from include.sandbox.request_budget import Limits

HOST = "127.0.0.1"


def serve(settings: Settings) -> None:
    """Serve the sandbox on `settings.sandbox_host`:`settings.sandbox_port` until SIGINT or SIGTERM.

    Raises
    ------
    AlreadyRunningError
        The port is taken.
    ConfigurationError
        `sandbox_data` is not a directory that holds recorded data, or `sandbox_faults` no fault plan.
    """
    # uvicorn has stopped in order when it raises SIGINT again
    with listen(settings.sandbox_port, settings.sandbox_host) as listener, suppress(KeyboardInterrupt):
        server_of(settings).run(sockets=[listener])


def listen(port: int, host: str = HOST) -> socket.socket:
    """Return a socket bound to `port` of `host`, 0 for a free one; a taken port is refused."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)  # now, so that a second sandbox is refused before it loads its data
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise AlreadyRunningError(
            f"`sandbox_port` must be free, was {port} and taken. "
            "Hint: another sandbox may be running; set PERPETUA_SANDBOX_PORT."
        ) from None
    return listener


def server_of(settings: Settings, *, limits: Limits | None = None) -> uvicorn.Server:
    """Return the server of the sandbox; give its `run` the socket of `listen`."""
    app = create_app(settings, limits=limits)
    # Bare: the access log would drown everything else, and clients drop idle connections themselves.
    config = uvicorn.Config(
        app, http=BreakableProtocol, log_level="warning", access_log=False, timeout_graceful_shutdown=2
    )
    return uvicorn.Server(config)
