"""Parse DAG files in a fresh process and print what was found as JSON: `parse_dags.py HEAVY FILE…`.

A process of its own, because it must show which modules parsing alone has imported.
"""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

from airflow.sdk.definitions.mappedoperator import MappedOperator


def main() -> None:
    heavy, *files = sys.argv[1:]
    loaded = {}
    for file in files:
        runpy.run_path(file)
        loaded[Path(file).stem] = sorted(set(heavy.split(",")) & set(sys.modules))

    from airflow.dag_processing.dagbag import DagBag

    folder = Path(files[0]).parent
    bag = DagBag(folder, bundle_path=folder)
    found = {
        "heavy": loaded,
        "errors": {file: str(error) for file, error in bag.import_errors.items()},
        "dags": {dag_id: describe(dag) for dag_id, dag in bag.dags.items()},
    }
    print("RESULT" + json.dumps(found))


def describe(dag: Any) -> dict[str, Any]:
    return {
        "file": Path(dag.fileloc).stem,
        "doc": dag.doc_md or "",
        "tags": sorted(dag.tags),
        "max_active_runs": dag.max_active_runs,
        "params": {name: dag.params.get_param(name).schema for name in dag.params},
        "tasks": {task.task_id: describe_task(task) for task in dag.tasks},
    }


def describe_task(task: Any) -> dict[str, Any]:
    return {
        "owner": task.owner,
        "policy": type(task.retry_policy).__name__,
        "callbacks": len(_listed(task.on_failure_callback)),
        "pool": task.pool,
        "queue": task.queue,
        "upstream": sorted(task.upstream_task_ids),
        "is_mapped": isinstance(task, MappedOperator) or task.get_closest_mapped_task_group() is not None,
        "retries": task.retries,
        "retry_delay": task.retry_delay.total_seconds(),
        "max_retry_delay": task.max_retry_delay.total_seconds(),
        "outlets": [asset.name for asset in task.outlets],
    }


def _listed(value: Any) -> list[Any]:
    # a mapped task keeps what it was given, another makes a list of it
    return list(value) if isinstance(value, list | tuple) else [value] if value else []


if __name__ == "__main__":
    main()
