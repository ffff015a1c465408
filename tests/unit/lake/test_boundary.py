import pyarrow as pa
import pytest
from deltalake.exceptions import CommitFailedError, DeltaError

from include.core.errors import IntegrityError, PerpetuaError, TransientError
from include.lake.boundary import translated


@pytest.mark.parametrize(
    ("cause", "kind", "words"),
    [
        (DeltaError("Unable to copy data to file: No space left on device (os error 28)"), TransientError, "no space"),
        (DeltaError("Generic S3 error: Error performing GET: error sending request"), TransientError, "reached"),
        (DeltaError("Server returned non-2xx status code: 503 Service Unavailable"), TransientError, "reached"),
        (DeltaError("Server returned non-2xx status code: 403 Forbidden"), IntegrityError, "cannot be read or written"),
        (
            pa.ArrowInvalid("Failed to fetch metadata for file lake/candles/part-0-c0.zstd.parquet: bad"),
            IntegrityError,
            r"File part-0-c0\.zstd\.parquet of the lake table `candles` .*market repair --table candles",
        ),
        (DeltaError("Json error: Truncated record"), IntegrityError, "`candles` under /lake cannot be read"),
        (OSError("what happened"), IntegrityError, "what happened"),
    ],
)
def test_an_error_of_a_library_says_what_it_means(cause: Exception, kind: type[PerpetuaError], words: str) -> None:
    with pytest.raises(kind, match=words), translated("candles", "/lake"):
        raise cause


def test_a_lost_race_and_own_errors_pass_as_they_are() -> None:
    for error in (CommitFailedError("faster"), TransientError("own")):
        with pytest.raises(type(error)) as caught, translated("candles", "/lake"):
            raise error
        assert caught.value is error
