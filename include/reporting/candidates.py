"""Who is judged: the best model of a run under the owner's rules of today, and the champion it is compared with."""

from dataclasses import dataclass
from pathlib import Path

from include.config.settings import Settings
from include.config.system import SystemConfig, load_system
from include.core.errors import InvalidInputError, MissingInputError
from include.evaluation.judgement import Rival
from include.features.dataset import Dataset
from include.training.champion import read_champion
from include.training.ownership import is_locked
from include.training.policy import Policy, load_policy, require_features
from include.training.runs import RunInfo, read_config, read_run

_OF_TODAY = ("account", "gates", "has_owner_limits", "decision", "evidence", "recorded_baseline")


@dataclass(frozen=True)
class Candidate:
    """A run, the rules it is judged by and its best policy."""

    run: RunInfo
    system: SystemConfig
    policy: Policy


def load_candidate(run_folder: Path) -> Candidate:
    """Return the candidate of a run that has ended.

    Account, gates, decision table, evidence and recorded baseline are those of the system today, whatever the run was
    trained with.

    Raises
    ------
    MissingInputError
        There is no such run or model, or it is still in training.
    IntegrityError
        A file differs from its checksum.
    """
    run = read_run(run_folder)
    if run.status == "running" and is_locked(run_folder):
        raise MissingInputError(f"Run `{run.run_id}` is still in training, nothing to revalidate yet.")
    today = load_system(run.system)
    # costs and limits are the owner's, not the run's: a model trained without fees is not judged without them
    judged_by = {name: getattr(today, name) for name in _OF_TODAY}
    return Candidate(run, read_config(run_folder).model_copy(update=judged_by), load_policy(run_folder, "best"))


def rival_of(settings: Settings, candidate: Candidate, dataset: Dataset) -> tuple[Rival | None, str]:
    """Return the champion of the candidate's system where it can play on the same window, else None and the reason."""
    champion = read_champion(settings.home, candidate.run.system)
    if champion is None:
        return None, "there is no champion yet"
    if champion.model_sha256 == candidate.policy.sha256:
        return None, "the candidate is the champion"
    try:
        policy = load_policy(settings.home.run(champion.run_id), "best")
    except MissingInputError:
        return None, f"the champion's run {champion.run_id} is no longer there"
    try:
        require_features(policy, dataset.info)
    except InvalidInputError:
        return None, f"the champion {champion.run_id} was trained on other features than this window has"
    return Rival(champion.run_id, policy.network), ""
