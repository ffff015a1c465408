"""A small client of Airflow's REST API: what the local stack and the tests need of it."""

from typing import Any

import httpx

from include.core.errors import InvalidInputError, PerpetuaError, TransientError

FINISHED = frozenset({"success", "failed"})


class AirflowApi:
    """Airflow's REST API v2 at `base_url`, once somebody logged in."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=30)

    def is_healthy(self) -> bool:
        """Return True when the API server, the scheduler and the DAG processor all answer as healthy."""
        try:
            answer = self._client.get("/api/v2/monitor/health", timeout=3)
        except httpx.HTTPError:
            return False
        if answer.status_code != httpx.codes.OK:
            return False
        parts = answer.json()
        return all(
            (parts.get(name) or {}).get("status") == "healthy"
            for name in ("metadatabase", "scheduler", "dag_processor")
        )

    def log_in(self, name: str | None = None, password: str = "") -> None:
        """Fetch a token as `name`; only the local all-admins default hands one out to nobody in particular."""
        if name is None:
            token = self._call("GET", "/auth/token")["access_token"]
        else:
            token = self._call("POST", "/auth/token", json={"username": name, "password": password})["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def dag_ids(self) -> set[str]:
        """Return the ids of all parsed DAGs."""
        return {entry["dag_id"] for entry in self._call("GET", "/api/v2/dags", params={"limit": 100})["dags"]}

    def import_errors(self) -> list[str]:
        """Return the import errors of DAG files."""
        errors = self._call("GET", "/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run `dag_id`."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run by hand; return its id."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        return str(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def runs(self, dag_id: str, **filters: Any) -> list[dict[str, Any]]:
        """Return the runs of `dag_id`, newest first."""
        params = {"order_by": "-run_after", "limit": 50, **filters}
        runs: list[dict[str, Any]] = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns", params=params)["dag_runs"]
        return runs

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return one run."""
        return self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")

    def fail(self, dag_id: str, run_id: str) -> None:
        """Mark a run, and what of it has not ended, as failed."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", json={"state": "failed"})

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        instances: list[dict[str, Any]] = self._call("GET", path, params={"limit": 100})["task_instances"]
        return instances

    def sources(self, dag_id: str, run_id: str) -> set[str]:
        """Return the ids of the runs whose asset events woke an asset-triggered run."""
        events = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/upstreamAssetEvents")["asset_events"]
        return {event["source_run_id"] for event in events}

    def returned(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Any:
        """Return what a task returned; `map_index` is that of one instance of a mapped task."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        params = {"deserialize": "false", "stringify": "false", "map_index": map_index}
        return self._call("GET", path, params=params)["value"]

    def ensure_pool(self, name: str, slots: int, description: str) -> None:
        """Create or update a pool."""
        body = {"slots": slots, "description": description, "include_deferred": False}
        known = {pool["name"] for pool in self._call("GET", "/api/v2/pools")["pools"]}
        if name in known:
            self._call("PATCH", f"/api/v2/pools/{name}", json={**body, "pool": name})
        else:
            self._call("POST", "/api/v2/pools", json={**body, "name": name})

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise TransientError(f"Airflow did not answer {method} {path}: {error}") from error
        if answer.is_server_error:
            raise TransientError(f"Airflow answered {method} {path} with {answer.status_code}: {answer.text[:500]}")
        if answer.is_client_error:
            kind = InvalidInputError if answer.status_code in (400, 409, 422) else PerpetuaError
            raise kind(f"Airflow refused {method} {path} with {answer.status_code}: {answer.text[:500]}")
        document: dict[str, Any] = answer.json()
        return document
