"""The control endpoints of the fault plan: put one in force, end it, read what was done."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from include.core.errors import ConfigurationError
from include.sandbox.faults.plan import parse_plan
from include.sandbox.faults.state import Faults


class FaultsApi:
    """`/sandbox/faults` and its log."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the plan and of the log."""
        return [
            Route("/sandbox/faults", self.show, methods=["GET"]),
            Route("/sandbox/faults", self.set, methods=["PUT"]),
            Route("/sandbox/faults", self.stop, methods=["DELETE"]),
            Route("/sandbox/faults/log", self.log),
        ]

    async def show(self, _: Request) -> JSONResponse:
        """Answer the plan in force, and how many faults of each kind there were."""
        return JSONResponse(self._state())

    async def set(self, request: Request) -> JSONResponse:
        """Put the plan of the body, YAML or JSON, in force; a broken one is refused and changes nothing."""
        try:
            plan = parse_plan((await request.body()).decode())
        except (ConfigurationError, UnicodeDecodeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        self._faults.set(plan)
        return JSONResponse(self._state())

    async def stop(self, _: Request) -> JSONResponse:
        """End all faults; the log stays."""
        self._faults.stop()
        return JSONResponse(self._state())

    async def log(self, _: Request) -> JSONResponse:
        """Answer what was done to which request since the plan was put in force, oldest first."""
        return JSONResponse({"counts": dict(self._faults.log.counts), "entries": self._faults.log.entries()})

    def _state(self) -> dict[str, Any]:
        plan = self._faults.draw.plan
        return {
            "plan": plan.model_dump(mode="json", exclude_unset=True),
            "counts": dict(self._faults.log.counts),
        }
