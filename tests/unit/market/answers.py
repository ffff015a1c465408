"""A loopback HTTP server that answers what a test tells it to: faults over real sockets."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """One answer; `missing_bytes` promises that many more than are sent."""

    status: int = 200
    body: str | bytes = "[]"
    headers: dict[str, str] = field(default_factory=dict)
    missing_bytes: int = 0
    content_type: str = JSON


def answer(document: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(document), {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass
class Asked:
    """Requests that came: path and parameters."""

    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)


Respond = Callable[[str, dict[str, str]], Answer]


@contextmanager
def answering(respond: Respond | list[Answer] | Answer) -> Iterator[tuple[str, Asked]]:
    """Serve `respond`: a function of path and parameters, one answer for all, or answers in turn."""
    asked = Asked()
    if isinstance(respond, Answer):
        always = respond
        respond = lambda _path, _params: always  # noqa: E731
    elif isinstance(respond, list):
        queue = list(respond)
        respond = lambda _path, _params: queue.pop(0)  # noqa: E731
    chosen = respond

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            params = dict(parse_qsl(parts.query))
            asked.requests.append((parts.path, params))
            self._send(chosen(parts.path, params))

        def _send(self, given: Answer) -> None:
            body = given.body.encode() if isinstance(given.body, str) else given.body
            self.send_response(given.status)
            self.send_header("Content-Type", given.content_type)
            self.send_header("Content-Length", str(len(body) + given.missing_bytes))
            self.send_header("Connection", "close")
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()


def refusing_url() -> str:
    """Return a loopback URL at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
