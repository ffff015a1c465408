import os
from datetime import timedelta

from include.config.settings import Settings
from include.core.clock import wall_now
from include.core.files import write_json
from include.market.pruning import prune_staging


def batch(settings: Settings, name: str, published_days_ago: float | None) -> None:
    folder = settings.home.staging / name
    write_json(folder / "batch.json", {})
    if published_days_ago is not None:
        write_json(folder / "published.json", {})
        at = (wall_now() - timedelta(days=published_days_ago)).timestamp()
        os.utime(folder / "published.json", (at, at))


def test_only_batches_that_were_published_long_ago_are_forgotten(settings: Settings) -> None:
    for name, days in {"old": 15, "older": 99, "recent": 13, "never": None}.items():
        batch(settings, name, days)
    assert prune_staging(settings.home, wall_now()) == ["old", "older"]
    assert sorted(folder.name for folder in settings.home.staging.iterdir()) == ["never", "recent"]
    assert prune_staging(settings.home, wall_now()) == []


def test_a_home_that_never_fetched_has_nothing_to_forget(settings: Settings) -> None:
    assert prune_staging(settings.home, wall_now()) == []
