"""Freeze the newest features into a dataset and train a PPO agent on it, once per seed.

1. **checklist**: the pre-training checklist, posted to Slack. FIX speaks, BLOCKED ends the run here.
2. **dataset**: the newest features, frozen under the id of their content; a resumed run keeps its own.
3. **training**: one mapped training per seed, one trainer at a time.

By hand: fill in the form. On schedule: the system's own values. The same dataset, configuration and seed give the same
run id: a second request for it is refused while the first is under way, and a finished run is not trained twice. One
that was cut short goes on from its last checkpoint, bit for bit, however it ended: a killed task or supervisor or
scheduler, an API server that was away. To end a training early, type `python -m include train stop RUN`; the run id
under *Resume run* goes on with it.

Progress and the time left are in the log of **train**; metrics, alerts, TensorBoard files and checkpoints are in the
run's folder. The summary with its curves goes to Slack.
"""

from typing import Any

from airflow.sdk import dag, task_group

from include.orchestration import assets, forms, schedules
from include.orchestration.defaults import TRAINER, TRAINING_RETRIES, Tag, dag_arguments
from include.orchestration.edge import dag_run_id, is_under_way, runtime, stage_task, triggered_by


@dag(
    doc_md=__doc__,
    params=forms.train_ppo(),
    **schedules.load("train_ppo").arguments,
    **dag_arguments("ml", Tag.TRAINING, max_active_runs=4),
)
def train_ppo() -> None:
    """Wire the stages."""

    @stage_task
    def pre_training(params: dict[str, Any]) -> dict[str, Any]:
        """Work through the pre-training checklist and post it."""
        from include.orchestration import training_stages
        from include.orchestration.training_request import TrainingRequest

        settings, _ = runtime()
        return training_stages.require_ready(settings, TrainingRequest.of(params), dag_run_id(), triggered_by())

    @stage_task
    def freeze_dataset(params: dict[str, Any], run_id: str | None = None) -> list[dict[str, Any]]:
        """Pin the training data: content-addressed, split by calendar; return the trainings on it.

        A training that another run is at already is refused.
        """
        from include.orchestration import training_stages
        from include.orchestration.training_request import TrainingRequest

        settings, _ = runtime()
        return training_stages.trainings(settings, TrainingRequest.of(params), str(run_id), is_under_way)

    @stage_task(inlets=[assets.FEATURES], outlets=[assets.TRAINED_MODEL], **TRAINER, **TRAINING_RETRIES)
    def train(job: dict[str, Any], params: dict[str, Any]) -> str:
        """Train to the last step, from the last checkpoint if there is one."""
        from include.orchestration import training_stages
        from include.orchestration.training_request import TrainingRequest

        settings, progress = runtime()
        return training_stages.train(settings, TrainingRequest.of(params), job, progress)["run_id"]

    @stage_task
    def announce(trained_run: str) -> dict[str, Any]:
        """Tell Slack how it went."""
        from include.orchestration import stages

        settings, _ = runtime()
        return stages.announce_training(settings, trained_run)

    @task_group
    def checklist() -> Any:
        """Whether it may start."""
        return pre_training()

    @task_group
    def dataset() -> Any:
        """What it learns from."""
        return freeze_dataset()

    @task_group
    def training(job: dict[str, Any]) -> None:
        """One run."""
        announce(train(job))

    jobs = dataset()
    checklist() >> jobs
    training.expand(job=jobs)


train_ppo()
