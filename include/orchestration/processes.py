"""Child processes of the local stack: started, watched and stopped by pid, nothing else touched."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from include.core.errors import AlreadyRunningError, PerpetuaError
from include.core.locks import only_process

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
STOP_SECONDS = 15.0


class Processes:
    """A group of child processes with one log file each.

    Every child leads its own process group, so that stopping it stops what it forked; it is told to
    end when this process dies, whatever the cause.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start `command` under `name`, its output appended to `<name>.log`."""
        self._logs.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as output:
            self._running[name] = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # safe: one C call, nothing else between fork and exec
            )

    def log(self, name: str) -> Path:
        """Return the log file of `name`."""
        return self._logs / f"{name}.log"

    def require_alive(self) -> None:
        """Raise when a child has ended by itself, with the end of its log."""
        for name, process in self._running.items():
            if process.poll() is not None:
                tail = self.log(name).read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
                raise PerpetuaError(
                    f"`{name}` {_ending(process.returncode)}. End of {self.log(name)}:\n"
                    + ("\n".join(tail) or "(the log is empty)")
                )

    def wait_for(self, name: str) -> None:
        """Wait until `name` has ended; raise when it ended with an error."""
        if self._running[name].wait() != 0:
            self.require_alive()
        del self._running[name]

    def pids(self) -> dict[str, int]:
        """Return the pid of each running child."""
        return {name: process.pid for name, process in self._running.items() if process.poll() is None}

    def stop(self) -> None:
        """Stop every child, last started first: SIGTERM to its group, SIGKILL to what is left."""
        for process in reversed(self._running.values()):
            _signal_group(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in reversed(self._running.values()):
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()
        self._running.clear()


@contextmanager
def only_one(lock: Path, home: Path) -> Iterator[None]:
    """Hold `lock` for this process alone: two stacks on one home would write into each other's databases.

    Raises
    ------
    AlreadyRunningError
        Another living process holds it.
    """
    with only_process(lock, f"runs on {home}", "stop it, or set PERPETUA_HOME to another folder."):
        yield


def require_free_port(port: int, purpose: str, setting: str) -> None:
    """Raise `AlreadyRunningError` when something listens on the loopback port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise AlreadyRunningError(
                f"Port {port} for {purpose} is taken. Hint: stop what listens there, or set {setting} to a free port."
            ) from None


def _ending(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended by itself with status {status}"


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(leader: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, number)
