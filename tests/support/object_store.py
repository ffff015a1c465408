"""A real S3 server over HTTP on loopback: moto's, from its own environment (`make .venv-s3/.installed`)."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

PYTHON = Path(__file__).parents[2] / ".venv-s3" / "bin" / "python"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "loopback", "AWS_SECRET_ACCESS_KEY": "loopback", "AWS_REGION": "us-east-1"}


@contextmanager
def object_store(bucket: str) -> Iterator[dict[str, str]]:
    """Yield the environment in which clients reach a new server that holds the empty `bucket`."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(PYTHON), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(server, url)
        httpx.put(f"{url}/{bucket}").raise_for_status()
        yield {**CREDENTIALS, "AWS_ENDPOINT_URL": url, "AWS_ALLOW_HTTP": "true"}
    finally:
        server.terminate()
        server.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return int(holder.getsockname()[1])


def _await(server: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the S3 server ended"
        with suppress(httpx.TransportError):
            httpx.get(url)
            return
        time.sleep(0.1)
    raise AssertionError("the S3 server did not answer")
