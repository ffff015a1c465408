"""The checklist as a whole: its items are those of the operating document, its verdict follows from them."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.config.settings import Settings
from include.config.system import SystemConfig, load_system
from include.core.checks import CheckResult, Severity
from include.core.files import read_json, write_json
from include.features.registry import FEATURE_SETS
from include.features.store import MANIFEST_FILE
from include.training.pre_training import pre_training
from include.training.pre_training_data import SOURCES
from tests.support import feature_builds as builds
from tests.support.documents import document, needs_documents


def results(settings: Settings, system: SystemConfig) -> dict[str, CheckResult]:
    return {entry.name: entry for entry in pre_training(settings, system.name, lambda: system).report.results}


def test_every_item_of_the_document_is_looked_at(settings: Settings) -> None:
    assert list(results(settings, load_system("phase4"))) == [
        "directories",
        "disk_space",
        "memory",
        "configuration",
        "hyperparameters",
        "environment",
        "reward_components",
        "reward_clip",
        "normalization",
        "training_data",
        "random_baseline",
    ]


@pytest.mark.parametrize(
    ("name", "failed"),
    # an empty home has no features, and for shadow nobody recorded a baseline
    [("phase4", {"training_data"}), ("shadow", {"training_data", "random_baseline"})],
)
def test_the_shipped_configurations_have_nothing_against_them(settings: Settings, name: str, failed: set[str]) -> None:
    found = {entry.name for entry in results(settings, load_system(name)).values() if not entry.passed}
    assert found - {"disk_space", "memory"} == failed


def test_the_eleven_hyperparameters_are_those_of_the_document(settings: Settings) -> None:
    message = results(settings, load_system("phase4"))["hyperparameters"].message
    assert message == (
        "All 11 hyper-parameters are set: learning_rate 0.0003, batch_size 64, n_steps 2,048, n_epochs 10, gamma 0.99, "
        "gae_lambda 0.95, ent_coef 0.001, clip_range 0.2, vf_coef 0.5, max_grad_norm 0.5, total_timesteps 500,000."
    )


def test_a_changed_hyperparameter_is_worth_a_look(settings: Settings) -> None:
    found = results(settings, load_system("phase4", overrides={"training.learning_rate": 1e-4}))["hyperparameters"]
    assert (found.passed, found.severity, found.observed, found.limit) == (False, Severity.WARNING, 10, 11)
    assert found.message.endswith("The documented ones are others: learning_rate 0.0003.")


def test_what_a_preset_or_the_profile_changes_is_meant(settings: Settings) -> None:
    steps = settings.profile.total_timesteps
    system = load_system("phase4", "diverging", {"training.total_timesteps": steps})
    checklist = pre_training(settings, "phase4", lambda: system, preset="diverging")
    found = next(result for result in checklist.report.results if result.name == "hyperparameters")
    assert found.passed
    assert found.message.endswith("The documented ones are others: total_timesteps 500,000 (the profile).")


def test_another_clip_of_the_reward_is_worth_a_look(settings: Settings) -> None:
    found = results(settings, load_system("phase4", overrides={"reward.clip": 5}))["reward_clip"]
    assert (found.passed, found.severity, found.observed, found.limit) == (False, Severity.WARNING, 5, 10)


def test_a_configuration_that_does_not_load_blocks_with_its_own_words(settings: Settings) -> None:
    checklist = pre_training(
        settings, "phase4", lambda: load_system("phase4", overrides={"training.learning_rate": 1.0})
    )
    assert checklist.verdict == "BLOCKED"
    assert "`training.learning_rate`" in next(b.message for b in checklist.blockers if b.name == "configuration")


def test_an_error_that_is_no_refusal_is_not_swallowed(settings: Settings) -> None:
    def broken() -> SystemConfig:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pre_training(settings, "phase4", broken)


def test_a_reward_component_that_is_off_is_worth_a_look(settings: Settings) -> None:
    found = results(settings, load_system("phase4", overrides={"reward.r_hold_bonus": 0}))["reward_components"]
    assert (found.passed, found.observed, found.limit, found.severity) == (False, 3, 4, Severity.WARNING)
    assert found.message.endswith("Off: r_hold_bonus.")


def test_normalisation_that_is_off_is_worth_a_look(settings: Settings) -> None:
    found = results(settings, load_system("phase4", overrides={"training.normalize_reward": False}))["normalization"]
    assert (found.passed, found.message) == (False, "Not normalised: rewards.")


def test_a_baseline_must_name_every_gate_of_the_owner(settings: Settings) -> None:
    system = load_system("phase4")
    less = {name: value for name, value in system.recorded_baseline.items() if name != "calmar"}
    found = results(settings, system.model_copy(update={"recorded_baseline": less}))["random_baseline"]
    assert (found.passed, found.severity, found.observed, found.limit) == (False, Severity.WARNING, 5, 6)
    assert "calmar" in found.message


@pytest.fixture
def ready(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings of a home that has everything, and asks the machine for nothing."""
    monkeypatch.setitem(FEATURE_SETS, "market94", builds.SET)
    builds.write_build(settings.home)
    return with_limits(settings)


def with_limits(settings: Settings, disk_gb: float = 0) -> Settings:
    limits = {"disk_gb": disk_gb, "memory_gb": 0, "total_timesteps": None}
    settings.__dict__["profile"] = settings.profile.model_copy(update=limits)
    return settings


def verdict(settings: Settings, **changes: object) -> tuple[str, list[str]]:
    enough = {"splits.min_train_candles": 100, "splits.validation_candles": 50}
    system = load_system("phase4", overrides=enough | changes)
    checklist = pre_training(settings, "phase4", lambda: system)
    return checklist.verdict, [failure.name for failure in checklist.report.failures]


def test_a_home_that_has_everything_is_ready(ready: Settings) -> None:
    assert verdict(ready) == ("READY", [])


def test_a_disk_with_less_than_the_limit_is_to_be_fixed(ready: Settings) -> None:
    assert verdict(with_limits(ready, disk_gb=1e6)) == ("FIX", ["disk_space"])


def test_a_changed_hyperparameter_is_to_be_fixed(ready: Settings) -> None:
    assert verdict(ready, **{"training.gamma": 0.9}) == ("FIX", ["hyperparameters"])


def test_a_gap_is_to_be_fixed(ready: Settings) -> None:
    file = ready.home.features("market94") / MANIFEST_FILE
    document = read_json(file)
    document["symbols"]["ETH/USDT:USDT"]["rows"] -= 1
    write_json(file, document)
    assert verdict(ready) == ("FIX", ["candle_gaps"])


def test_a_source_without_values_is_to_be_fixed(ready: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = builds.FeatureSet("market94", (*builds.SET.families, builds._family("sentiment", "silent_1")))
    monkeypatch.setitem(FEATURE_SETS, "market94", silent)
    manifest = builds.write_build(ready.home)
    folder = ready.home.features("market94")
    for entry in manifest.symbols.values():
        rows = pq.read_table(folder / entry.file)
        nothing = pa.array([float("nan")] * rows.num_rows, pa.float32())
        pq.write_table(rows.append_column(silent.names[-1], nothing), folder / entry.file)
    write_json(folder / MANIFEST_FILE, read_json(folder / MANIFEST_FILE) | {"feature_set_sha256": silent.sha256})
    assert verdict(ready) == ("FIX", ["sentiment_data"])


def test_missing_data_blocks(ready: Settings) -> None:
    shutil.rmtree(ready.home.features("market94"))
    assert verdict(ready) == ("BLOCKED", ["training_data"])


# a line of the document begins so: the item that looks at it
LINES = {
    "`logs/ppo_training/` directory": "directories",
    "`logs/ppo_training/tensorboard/`": "directories",
    "`checkpoints/ppo_training/`": "directories",
    "`models/ppo_phase4/`": "directories",
    "`reports/revalidation/`": "directories",
    "Disk space available: ≥50GB": "disk_space",
    "RAM available: ≥16GB": "memory",
    "`config/ppo_config.py` loads": "configuration",
    "All 11 hyperparameters present": "hyperparameters",
    "`agent/environment.py` can be imported": "environment",
    "`agent/reward.py` has 4 components": "reward_components",
    "Reward scaling: `reward_clip = 10.0`": "reward_clip",
    "VecNormalize (obs + reward) enabled": "normalization",
    "Training data cached and accessible": "training_data",
    "Test data (≥500 candles)": "test_candles",
    "No gaps in OHLCV data": "candle_gaps",
    "Macro indicators + sentiment data available": "macro_data sentiment_data",
    "SMC (Smart Money Concepts) features present": "smart_money_data",
    "Random baseline metrics saved": "random_baseline",
}


@needs_documents
def test_every_line_of_the_document_is_held_to_its_item(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FEATURE_SETS, "market94", builds.SET)
    builds.write_build(settings.home)
    full = settings.model_copy(update={"profile_name": "full"})
    found = {one.name: one for one in pre_training(full, "phase4", lambda: load_system("phase4")).report.results}
    text = document("phase4_operations_checklist")
    part = text[text.index("## PRE-TRAINING CHECKLIST") : text.index("## DAILY CHECKS")]

    boxes = [line.removeprefix("- [ ] ") for line in part.splitlines() if line.startswith("- [ ] ")]
    assert [next((start for start in LINES if box.startswith(start)), box) for box in boxes] == list(LINES)
    shown = set(found) | {f"{name}_data" for name in SOURCES}
    assert set(" ".join(LINES.values()).split()) <= shown

    assert (found["disk_space"].limit, found["memory"].limit) == (50, 16)
    inner = [line.strip().removeprefix("- [ ] ") for line in part.splitlines() if line.startswith("  - [ ] ")]
    values = {name: float(value.replace(",", "")) for name, value in (one.split(" = ") for one in inner[:11])}
    told = found["hyperparameters"].message.split(": ")[1].split(". ")[0].removesuffix(".").split(", ")
    assert {name: float(value.replace(",", "")) for name, value in (one.split() for one in told)} == values
    assert found["reward_components"].message.startswith(f"The reward has 4 components: {inner[11]}")
    assert all(component in found["reward_components"].message for component in inner[11:])
    assert len(inner) == 11 + 4
    assert (found["reward_clip"].observed, found["reward_clip"].limit) == (10.0, 10.0)
    assert found["test_candles"].limit == 500
    baseline = [line.strip().removeprefix("- ").split(": ") for line in part.splitlines() if line.startswith("  - ")]
    recorded = [pair for pair in baseline if len(pair) == 2]
    names = ("sharpe", "max drawdown", "win rate", "profit factor", "consecutive losses", "calmar")
    assert len(recorded) == len(names)
    for (_, value), name in zip(recorded, names, strict=True):
        number = float(value.rstrip("%")) / (100 if value.endswith("%") else 1)
        assert f"{name} {number:g}" in found["random_baseline"].message
