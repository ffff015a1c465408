"""Perpetua's desk inside Airflow: what runs, curves, checks, verdicts and reports, behind Airflow's own login.

Only routes are here. What a page says is made in `include/reporting/`, imported when it is asked for: the server starts
without it.
"""

from typing import Annotated, Any
from urllib.parse import quote

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from include.config.settings import load_settings
from include.core.clock import wall_now
from include.core.errors import MissingInputError, PerpetuaError
from include.orchestration.links import PREFIX

# on the app itself: a route that is added later is behind it too. Who may read DAG runs may read these pages.
app = FastAPI(
    title="Perpetua",
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
    dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN))],
)
Text = Annotated[str | None, Query(max_length=200)]


def headers(policy: str) -> dict[str, str]:
    """Return the headers of every answer."""
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


@app.exception_handler(StarletteHTTPException)
async def explain(request: Request, error: StarletteHTTPException) -> Response:
    """Send a browser that is not logged in to Airflow's login and back, and say what else is wrong on a page."""
    from include.reporting.desk import message_page
    from include.reporting.desk_files import PAGE_POLICY

    path = request.url.path.split(f"{PREFIX}/", 1)[-1]
    if path.startswith("api/"):
        return JSONResponse({"detail": error.detail}, error.status_code, headers=headers(PAGE_POLICY))
    if error.status_code == 401:
        return RedirectResponse(f"/api/v2/auth/login?next={quote(str(request.url), safe='')}")
    title = {403: "Not allowed", 404: "Not found"}.get(error.status_code, "This did not work")
    page = message_page(load_settings(), wall_now(), "../" * path.count("/"), title, str(error.detail))
    return HTMLResponse(page, error.status_code, headers=headers(PAGE_POLICY))


@app.exception_handler(MissingInputError)
async def say_what_is_missing(request: Request, error: MissingInputError) -> Response:
    """Answer 404 for what does not exist."""
    return await explain(request, StarletteHTTPException(404, str(error)))


@app.exception_handler(PerpetuaError)
async def say_what_is_wrong(request: Request, error: PerpetuaError) -> Response:
    """Answer 500 for what cannot be read, with the reason."""
    return await explain(request, StarletteHTTPException(500, str(error)))


@app.exception_handler(RequestValidationError)
async def say_what_is_invalid(request: Request, error: RequestValidationError) -> Response:
    """Answer 422 for a parameter that breaks its rule."""
    rules = "; ".join(f"`{rule['loc'][-1]}`: {rule['msg']}" for rule in error.errors())
    return await explain(request, StarletteHTTPException(422, rules))


@app.get("/")
def desk(system: Text = None, status: Text = None, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> HTMLResponse:
    """Show the first page."""
    from include.orchestration.desk_messages import unsent
    from include.reporting.desk import RunFilter, desk_page
    from include.reporting.desk_files import PAGE_POLICY

    settings, now = load_settings(), wall_now()
    html = desk_page(settings, now, RunFilter(system or None, status or None, page), unsent(settings.home, now))
    return HTMLResponse(html, headers=headers(PAGE_POLICY))


@app.get("/checks")
def checks(day: Text = None) -> HTMLResponse:
    """Show the checks of a day."""
    from include.reporting.desk import checks_page
    from include.reporting.desk_files import PAGE_POLICY

    return HTMLResponse(checks_page(load_settings(), wall_now(), day), headers=headers(PAGE_POLICY))


@app.get("/runs/{run_id}")
def run(run_id: str) -> HTMLResponse:
    """Show a run."""
    from include.reporting.desk_files import PAGE_POLICY
    from include.reporting.run_page import run_page

    return HTMLResponse(run_page(load_settings(), run_id, wall_now()), headers=headers(PAGE_POLICY))


@app.get("/api/runs/{run_id}/curves")
def run_curves(run_id: str, since: Text = None) -> JSONResponse:
    """Return the curves of a run, those points alone that came after `since`."""
    from include.reporting.desk_files import PAGE_POLICY
    from include.reporting.run_page import run_curves

    return JSONResponse(run_curves(load_settings(), run_id, since, wall_now()), headers=headers(PAGE_POLICY))


@app.get("/api/running")
def running() -> JSONResponse:
    """Return the part of the first page on what runs now."""
    from include.reporting.desk import running_part
    from include.reporting.desk_files import PAGE_POLICY

    return JSONResponse({"html": running_part(load_settings(), wall_now())}, headers=headers(PAGE_POLICY))


@app.get("/reports/{path:path}")
def report(path: str) -> FileResponse:
    """Serve one file of the reports."""
    from include.reporting.desk_files import REPORT_POLICY, report_file

    return FileResponse(report_file(load_settings().home, path), headers=headers(REPORT_POLICY))


@app.get("/static/{name}")
def static(name: str) -> FileResponse:
    """Serve a script or a style of these pages."""
    from include.reporting.desk_files import PAGE_POLICY, static_file

    return FileResponse(static_file(name), headers=headers(PAGE_POLICY))


@app.get("/{path:path}")
def nothing(path: str) -> Response:
    """Answer for every other address, behind the login like the rest."""
    raise HTTPException(404, f"There is no page {path[:200]!r}.")


class PerpetuaPlugin(AirflowPlugin):
    """Mount the pages and put them into the navigation."""

    name = "perpetua"
    fastapi_apps: list[Any] = [{"app": app, "url_prefix": PREFIX, "name": "Perpetua"}]  # noqa: RUF012 - Airflow reads it so
    external_views: list[Any] = [  # noqa: RUF012 - Airflow reads it so
        {
            "name": "Perpetua",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "category": "browse",
            "url_route": "perpetua",
        }
    ]
