import pytest

import include.environments
from include.environments.make import make_env
from include.training.vec_env import make_vec_env


def test_callers_take_both_faces_from_the_package() -> None:
    assert include.environments.make_env is make_env
    assert include.environments.make_vec_env is make_vec_env


def test_another_name_is_refused_as_in_any_module() -> None:
    with pytest.raises(AttributeError, match=r"'include\.environments' has no attribute 'make_market'"):
        include.environments.make_market  # noqa: B018
