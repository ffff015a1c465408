"""A small cross-validation, planned in a home of its own: three groups, two tested at once, so three folds."""

from pathlib import Path

import pytest

from include.config.cross_validation import CrossValidationRequest
from include.config.settings import ENV_FILE, Settings, load_settings
from include.training.fold_plan import plan
from include.training.fold_records import Plan
from tests.support.datasets import write_dataset
from tests.unit.reporting.conftest import small_dataset, small_system

REQUEST = CrossValidationRequest(
    scheme="combinatorial", groups=3, tested=2, purge_candles=5, embargo_candles=5, validation_candles=30
)


def settings_of(home: Path) -> Settings:
    """Return the settings of a deployment in `home`, whatever the environment says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENV_FILE, "")
        patch.setenv("PERPETUA_HOME", str(home))
        return load_settings()


def planned_in(settings: Settings, request: CrossValidationRequest = REQUEST) -> Plan:
    """Write the small dataset into the home of `settings` and plan its cross-validation there."""
    dataset = write_dataset(small_dataset(), settings.home.dataset("0" * 16))
    return plan(settings, small_system(), dataset, request)
