"""The feature sets, by name. A new family is one module in `families/` and its entry here."""

from include.core.errors import InvalidInputError
from include.features.families import macro, price, sentiment, shadow, smart_money, technical
from include.features.spec import FeatureSet

_MARKET94 = (price.FAMILY, technical.FAMILY, smart_money.FAMILY, sentiment.FAMILY, macro.FAMILY)

FEATURE_SETS: dict[str, FeatureSet] = {
    feature_set.name: feature_set
    for feature_set in (FeatureSet("market94", _MARKET94), FeatureSet("shadow15", (shadow.FAMILY,)))
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
