"""Where everything lives under `PERPETUA_HOME`. No other module spells these names."""

import re
from dataclasses import dataclass
from pathlib import Path

from include.core.errors import InvalidInputError

REPOSITORY = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one Perpetua home."""

    root: Path

    @property
    def lake(self) -> Path:
        """Delta tables, one folder each."""
        return self.root / "lake"

    @property
    def staging(self) -> Path:
        """Fetched, not yet validated Parquet files, one folder per ingestion."""
        return self.root / "staging"

    @property
    def page_journals(self) -> Path:
        """Pages of ingestions that have not ended yet, one folder each."""
        return self.root / "pages"

    @property
    def backfills(self) -> Path:
        """Back-fills that have not ended yet, one folder each."""
        return self.root / "backfills"

    @property
    def request_budget(self) -> Path:
        """SQLite database of what the venues' request budgets still hold."""
        return self.root / "request_budget.sqlite"

    @property
    def datasets(self) -> Path:
        """Frozen, content-addressed training data."""
        return self.root / "datasets"

    @property
    def runs(self) -> Path:
        """Training runs."""
        return self.root / "runs"

    @property
    def mlflow_database(self) -> Path:
        """SQLite database that mirrors the runs for MLflow."""
        return self.root / "mlflow.db"

    @property
    def mlflow_artifacts(self) -> Path:
        """Models and records that the mirror holds, one folder per system."""
        return self.root / "mlartifacts"

    @property
    def trials(self) -> Path:
        """Ledger of everything that was scored on a window."""
        return self.root / "trials.sqlite"

    @property
    def alerts(self) -> Path:
        """SQLite database of what people are told: the outbox and the open incidents."""
        return self.root / "alerts.sqlite"

    @property
    def reports(self) -> Path:
        """Everything that people open in a browser."""
        return self.root / "reports"

    @property
    def data_quality(self) -> Path:
        """Data-quality pages."""
        return self.reports / "data_quality"

    @property
    def quality_history(self) -> Path:
        """Records of validated batches, which the data-quality pages are made of."""
        return self.data_quality / "history"

    @property
    def feature_reports(self) -> Path:
        """Reports on features, one folder per feature set."""
        return self.reports / "features"

    @property
    def sandbox(self) -> Path:
        """State of the sandbox: its virtual clock, its Slack channel, its synthetic market."""
        return self.root / "sandbox"

    @property
    def airflow(self) -> Path:
        """`AIRFLOW_HOME` of the local stack."""
        return self.root / "airflow"

    @property
    def processes(self) -> Path:
        """Logs and pids of the processes that the local stack starts."""
        return self.root / "processes"

    @property
    def checks(self) -> Path:
        """Checks of the day as they were posted, one folder per day."""
        return self.reports / "checks"

    def features(self, feature_set: str) -> Path:
        """Return the folder of a feature set."""
        return self.root / "features" / _name(feature_set, "feature_set")

    def feature_report(self, feature_set: str) -> Path:
        """Return the folder of the report on a feature set."""
        return self.feature_reports / feature_set

    def dataset(self, dataset_id: str) -> Path:
        """Return the folder of a frozen dataset."""
        return self.datasets / _name(dataset_id, "dataset_id")

    def run(self, run_id: str) -> Path:
        """Return the folder of a training run."""
        return self.runs / _name(run_id, "run_id")

    def revalidation(self, revalidation_id: str) -> Path:
        """Return the folder of a revalidation's result."""
        return self.reports / "revalidation" / _name(revalidation_id, "revalidation_id")

    def cross_validation(self, plan_id: str) -> Path:
        """Return the folder of a cross-validation: its plan, the results of its folds, their runs."""
        return self.root / "cross_validation" / _name(plan_id, "plan_id")

    def cross_validation_report(self, plan_id: str) -> Path:
        """Return the folder of the report on a cross-validation."""
        return self.reports / "cross_validation" / _name(plan_id, "plan_id")

    def sign_offs(self, campaign: str) -> Path:
        """Return the file of a campaign's sign-offs, one JSON line each; `Phase 4` lies under `Phase-4`."""
        folder = re.sub(r"[^A-Za-z0-9._-]+", "-", campaign).strip("-._")
        return self.root / "campaigns" / _name(folder, "campaign") / "sign_offs.jsonl"

    def claim(self, name: str) -> Path:
        """Return the file that says which DAG run is at something."""
        return self.root / "claims" / f"{_name(name, 'name')}.json"

    def training_claim(self, run_id: str) -> Path:
        """Return the file that says which DAG run asked for a training."""
        return self.claim(f"training-{run_id}")

    def approval_claim(self, revalidation_id: str) -> Path:
        """Return the file that says which DAG run asks about a verdict."""
        return self.claim(f"approval-{revalidation_id}")

    def champion(self, system: str) -> Path:
        """Return the file that names the promoted model of `system`."""
        return self.root / "models" / _name(system, "system") / "champion.json"


def _name(text: str, argument: str) -> str:
    # a name becomes a folder, so it must not lead anywhere else
    if not _NAME.fullmatch(text):
        raise InvalidInputError(f"`{argument}` must be letters, digits and . _ - (at most 200), was {text!r}.")
    return text
