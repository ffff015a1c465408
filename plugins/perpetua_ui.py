"""Pages of Perpetua inside Airflow: reports and data quality, behind Airflow's own login."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from airflow.api_fastapi.core_api.security import get_user
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from include.config.settings import load_settings
from include.orchestration.links import PREFIX
from include.reporting.index import index_page

# reports are static: no scripts, nothing from elsewhere, shown in a frame only by Airflow itself
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

app = FastAPI(title="Perpetua", docs_url=None, redoc_url=None, openapi_url=None)


@app.exception_handler(401)
async def send_to_login(request: Request, _error: Exception) -> Response:
    """Send a browser that is not logged in to Airflow's login and back."""
    return RedirectResponse(f"/api/v2/auth/login?next={quote(str(request.url), safe='')}")


@app.get("/", dependencies=[Depends(get_user)])
def index() -> HTMLResponse:
    """List the revalidations and the data-quality pages."""
    return HTMLResponse(index_page(load_settings().home), headers=HEADERS)


@app.get("/reports/{path:path}", dependencies=[Depends(get_user)])
def report(path: str) -> FileResponse:
    """Serve one file of the reports folder."""
    root = load_settings().home.reports.resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        raise HTTPException(404, f"There is no report {Path(path).name}.")
    return FileResponse(file, headers=HEADERS)


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
