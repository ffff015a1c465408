"""The addresses that messages and tables point people to."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    # pydantic is slow to import, and every DAG file reaches this module
    from include.config.settings import Settings

# where `plugins/perpetua_ui.py` serves its pages inside the API server
PREFIX = "/perpetua"
# the task of `revalidate_model` that asks about each decision; a NO-GO asks nothing
QUESTIONS = {"GO": "go", "PARTIAL-GO": "partial_go"}


class Links:
    """Addresses of one deployment's pages."""

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings

    @property
    def airflow(self) -> str:
        """Airflow's own start page."""
        return self._settings.airflow_url

    @property
    def slack(self) -> str | None:
        """Sandbox's Slack page; None in live mode, where Slack itself is the page."""
        return f"{self._settings.sandbox_url}/slack" if self._settings.is_sandbox else None

    @property
    def data_quality(self) -> str:
        """Index of data-quality pages."""
        return self._report(self._settings.home.data_quality / "index.html")

    def features(self, feature_set: str) -> str:
        """Return the address of the report on a feature set."""
        return self._report(self._settings.home.feature_report(feature_set) / "index.html")

    def revalidation(self, revalidation_id: str) -> str:
        """Return the address of a revalidation's report."""
        return self._report(self._settings.home.revalidation(revalidation_id) / "revalidation_result.html")

    def cross_validation(self, plan_id: str) -> str:
        """Return the address of a cross-validation's report."""
        return self._report(self._settings.home.cross_validation_report(plan_id) / "cross_validation.html")

    def dag(self, dag_id: str) -> str:
        """Return the address of a DAG, where its form is."""
        return f"{self._settings.airflow_url}/dags/{dag_id}"

    def question(self, run_id: str, decision: str) -> str:
        """Return the address at which a person answers the verdict `decision` of a run of `revalidate_model`."""
        return f"{self.task('revalidate_model', run_id, f'decision.{QUESTIONS[decision]}')}/required_actions"

    def task(self, dag_id: str, run_id: str, task_id: str) -> str:
        """Return the address of a task's log in Airflow."""
        return f"{self._settings.airflow_url}/dags/{dag_id}/runs/{quote(run_id)}/tasks/{task_id}"

    def run(self, run_id: str) -> str:
        """Return the address of a training run's page."""
        return f"{self._settings.airflow_url}{PREFIX}/runs/{quote(run_id)}"

    def _report(self, file: Path) -> str:
        return f"{self._settings.airflow_url}{PREFIX}/reports/{file.relative_to(self._settings.home.reports)}"
