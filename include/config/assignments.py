"""Changes of a configuration as people write them: one KEY=VALUE each."""

import json
from collections.abc import Iterable
from typing import Any

from include.core.errors import InvalidInputError


def assignments(texts: Iterable[str], argument: str) -> dict[str, Any]:
    """Return dotted keys and values of texts such as ``training.learning_rate=1e-4``.

    Parameters
    ----------
    texts : iterable of str
        A value is JSON, and plain text where it is not.
    argument : str
        What the texts were given as, for the error.

    Raises
    ------
    InvalidInputError
        A text is not KEY=VALUE, or a key is given twice.
    """
    changes: dict[str, Any] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not (key and equals and value):
            raise InvalidInputError(f"`{argument}` must be KEY=VALUE, was {text!r}. Hint: training.learning_rate=1e-4.")
        if key in changes:
            raise InvalidInputError(f"`{argument}` must name each key once, was given `{key}` twice.")
        changes[key] = _value(value)
    return changes


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
