"""Freeze the newest features into a dataset and train a PPO agent on it.

By hand: choose system, preset, steps and seed in the form. On schedule: the system's own values. The same
dataset, configuration and seed give the same run id; a finished run is not trained twice. One trainer at a time.

Progress is in the log of **train**; metrics, alerts, TensorBoard files and checkpoints are in the run's folder.
The summary with its curves goes to Slack.
"""

from typing import Any

from airflow.sdk import dag, task_group

from include.orchestration import assets, forms, schedules
from include.orchestration.defaults import Pool, Tag, dag_arguments
from include.orchestration.edge import runtime, stage_task


@dag(
    doc_md=__doc__,
    params=forms.train_ppo(),
    **schedules.load("train_ppo").arguments,
    **dag_arguments("ml", Tag.TRAINING),
)
def train_ppo() -> None:
    """Wire the stages."""

    @stage_task
    def freeze_dataset(params: dict[str, Any]) -> str:
        """Pin the training data: content-addressed, split by calendar."""
        from include.orchestration import stages

        settings, _ = runtime()
        return stages.freeze_dataset(settings, params["system"], params["preset"])["id"]

    @stage_task(pool=Pool.TRAINING, inlets=[assets.FEATURES], outlets=[assets.TRAINED_MODEL])
    def train(dataset_id: str, params: dict[str, Any]) -> str:
        """Train to the last step."""
        from include.orchestration import stages

        settings, progress = runtime()
        summary = stages.train(
            settings,
            params["system"],
            dataset_id,
            preset=params["preset"],
            steps=params["steps"],
            seed=params["seed"],
            output=params["output"],
            progress=progress,
        )
        return summary["run_id"]

    @stage_task
    def announce(trained_run: str) -> dict[str, Any]:
        """Tell Slack how it went."""
        from include.orchestration import stages

        settings, _ = runtime()
        return stages.announce_training(settings, trained_run)

    @task_group
    def dataset() -> str:
        """What it learns from."""
        return freeze_dataset()

    @task_group
    def training(dataset_id: str) -> None:
        """The run itself."""
        announce(train(dataset_id))

    training(dataset())


train_ppo()
