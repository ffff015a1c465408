"""The lake versions that datasets and published features were made from: maintenance keeps them readable."""

from include.core.errors import IntegrityError
from include.core.files import read_json
from include.core.paths import Home
from include.features.dataset import INFO_FILE
from include.features.store import MANIFEST_FILE


def pinned_versions(home: Home) -> dict[str, set[int]]:
    """Return the versions per lake table that anything under `home` was made from.

    Descriptions of older versions count, too: only `lake_versions` is read of them.

    Raises
    ------
    IntegrityError
        A description cannot be read: what it pins is not known, so nothing may be removed.
    """
    pinned: dict[str, set[int]] = {}
    for source in [*home.datasets.glob(f"*/{INFO_FILE}"), *home.root.glob(f"features/*/{MANIFEST_FILE}")]:
        versions = read_json(source).get("lake_versions")
        if not isinstance(versions, dict):
            raise IntegrityError(f"`{source}` must name its `lake_versions`, was {versions!r}.")
        for table, version in versions.items():
            pinned.setdefault(table, set()).add(int(version))
    return pinned
