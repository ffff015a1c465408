"""The feature sets, by name. A new family is one module in `families/` and its entry here."""

from include.core.errors import InvalidInputError
from include.features.families import price, technical
from include.features.spec import FeatureSet

FEATURE_SETS: dict[str, FeatureSet] = {
    feature_set.name: feature_set for feature_set in (FeatureSet("market94", (price.FAMILY, technical.FAMILY)),)
}


def feature_set(name: str) -> FeatureSet:
    """Return the feature set called `name`.

    Raises
    ------
    InvalidInputError
        There is no such set.
    """
    try:
        return FEATURE_SETS[name]
    except KeyError:
        raise InvalidInputError(f"`feature_set` must be one of {', '.join(FEATURE_SETS)}, was {name!r}.") from None
