"""Print the routes of the plugin's app as JSON: path, methods, and whether Airflow's login guards each.

Run by the tests in a process of its own: Airflow's server modules read their configuration when they are imported.
"""

import json
from collections.abc import Iterator
from typing import Any

from airflow.api_fastapi.core_api.security import get_user
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from plugins.perpetua_ui import app


def calls(dependant: Any) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from calls(inner)


def described(route: BaseRoute) -> dict[str, Any]:
    # a mount is an app of its own, which no dependency of this one reaches
    is_guarded = isinstance(route, APIRoute) and get_user in calls(route.dependant)
    return {
        "path": getattr(route, "path", str(route)),
        "methods": sorted(getattr(route, "methods", None) or ["any"]),
        "is_guarded": is_guarded,
    }


def with_late_routes(served: FastAPI) -> dict[str, list[dict[str, Any]]]:
    now = [described(route) for route in served.routes]
    served.get("/late")(lambda: "words")
    served.mount("/mounted", FastAPI())
    return {"now": now, "late": [described(route) for route in served.routes[-2:]]}


print(json.dumps(with_late_routes(app)))
