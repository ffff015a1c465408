import pytest

from include.config.cross_validation import CrossValidationRequest
from include.config.model import parse
from include.core.errors import ConfigurationError


def test_what_is_left_out_takes_the_default() -> None:
    request = CrossValidationRequest()
    assert (request.scheme, request.fold_count, request.tested_groups) == ("walk_forward", 4, (6, 2))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scheme": "loo"}, "`scheme` input should be 'walk_forward' or 'combinatorial', was 'loo'"),
        ({"groups": 6}, "`groups` is for combinatorial alone and must be left out of walk_forward"),
        ({"scheme": "combinatorial", "folds": 3}, "`folds` is for walk_forward alone"),
        ({"scheme": "combinatorial", "groups": 4, "tested": 4}, "`tested` must be less than the 4 groups"),
        ({"scheme": "combinatorial", "tested": 6}, "`tested` must be less than the 6 groups"),
        ({"folds": 0}, "`folds` input should be greater than or equal to 1, was 0"),
    ],
)
def test_what_no_scheme_can_do_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^cross-validate: {message}"):
        parse(CrossValidationRequest, fields, "cross-validate")
