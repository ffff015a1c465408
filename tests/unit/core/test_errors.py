import pickle

from include.core.errors import PerpetuaError, RateLimitedError, TransientError


def test_a_rate_limit_is_transient_and_survives_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(RateLimitedError("slow down", 12.5)))
    assert isinstance(error, TransientError)
    assert str(error) == "slow down"
    assert error.retry_after_seconds == 12.5


def test_every_error_is_ours() -> None:
    assert issubclass(TransientError, PerpetuaError)
