from threading import Thread
from time import monotonic, sleep

import httpx
import pytest

from include.config.settings import Settings
from include.core.errors import AlreadyRunningError
from include.sandbox.server import HOST, listen, serve, server_of
from tests.support.sandbox import running_sandbox


def test_a_taken_port_is_refused_by_name(settings: Settings) -> None:
    with listen(0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(AlreadyRunningError, match=rf"was {port} and taken.*PERPETUA_SANDBOX_PORT"):
            serve(settings.model_copy(update={"sandbox_port": port}))


def test_it_listens_on_loopback_only() -> None:
    with listen(0) as listener:
        assert listener.getsockname()[0] == HOST == "127.0.0.1"


def test_a_server_answers_until_it_is_told_to_stop(settings: Settings) -> None:
    with listen(0) as listener:
        server = server_of(settings)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert httpx.get(f"http://{HOST}:{listener.getsockname()[1]}/health").json()["status"] == "ok"
        server.should_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_the_running_sandbox_of_tests_yields_settings_that_lead_to_it(settings: Settings) -> None:
    with running_sandbox(settings) as sandbox:
        assert sandbox.base_url == sandbox.settings.endpoint("exchange")
        assert httpx.get(f"{sandbox.settings.endpoint('slack')}/health").status_code == 200
    end = monotonic() + 5
    while monotonic() < end:
        try:
            httpx.get(f"{sandbox.base_url}/health")
        except httpx.TransportError:
            return
        sleep(0.05)
    pytest.fail("the sandbox still answers")
