"""Connections that break: what an application cannot do through ASGI alone."""

import asyncio
import socket
import struct
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

_EXTENSION = "perpetua.transport"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with a time of zero


class BreakableProtocol(AutoHTTPProtocol):  # type: ignore[valid-type,misc]  # which class it is depends on what is installed
    """uvicorn's HTTP protocol, which hands its connection to the application."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        app: ASGIApp = self.app  # type: ignore[has-type]  # of the base, of which nothing is known

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), _EXTENSION: self.transport}
            await app({**scope, "extensions": extensions}, receive, send)

        self.app = with_transport


async def close_connection(scope: Scope, receive: Receive) -> None:
    """Close the connection of a request after what was sent, although more was promised."""
    _transport(scope).close()
    await _until_gone(receive)


async def reset_connection(scope: Scope, receive: Receive) -> None:
    """Let the other side see "connection reset by peer"."""
    transport = _transport(scope)
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
    await _until_gone(receive)


async def keep_silent(seconds: float, scope: Scope, receive: Receive) -> None:
    """Answer nothing until the client has gone or `seconds` are over, then close the connection."""
    try:
        async with asyncio.timeout(seconds):
            await _until_gone(receive)
    except TimeoutError:
        await close_connection(scope, receive)


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport = scope["extensions"][_EXTENSION]
    return transport


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
