"""Every error that Perpetua raises on purpose.

The class says what a scheduler should do with it: `TransientError` is worth another try,
`MissingInputError` skips, everything else fails at once. Errors of libraries are translated
into these at the one boundary that talks to the library.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.core.checks import CheckReport


class PerpetuaError(Exception):
    """Base of all errors raised on purpose."""


class InvalidInputError(PerpetuaError):
    """An argument, a setting or a file breaks a stated rule. Trying again cannot help."""


class ConfigurationError(InvalidInputError):
    """A setting or a YAML file is wrong."""


class MissingInputError(PerpetuaError):
    """An input that another stage makes does not exist yet; a scheduled task skips on this."""


class DataQualityError(PerpetuaError):
    """A critical check failed; nothing was published.

    Parameters
    ----------
    message : str
        What failed.
    report : CheckReport or None
        The whole report, when there is one.
    """

    def __init__(self, message: str, report: "CheckReport | None" = None) -> None:
        super().__init__(message, report)
        self.message = message
        self.report = report

    def __str__(self) -> str:
        return self.message


class IntegrityError(PerpetuaError):
    """A stored file does not match its recorded checksum, or a stored thing is not what it says."""


class AlreadyRunningError(PerpetuaError):
    """Another process holds what this one needs: a run directory, a port, a lock."""


class DuplicateError(PerpetuaError):
    """The very thing that was asked for is under way already, asked for by somebody else."""


class BlockedError(PerpetuaError):
    """A checklist ended BLOCKED. People were told with the checklist itself."""


class UndeliveredError(PerpetuaError):
    """People are not told: Slack refuses messages. It cannot be told in Slack either."""


class StoppedError(PerpetuaError):
    """A person ended the work early, and people were told; it waits until somebody goes on with it."""


class DivergedError(PerpetuaError):
    """A training met NaN or infinity; the same training again would meet it again."""


class TransientError(PerpetuaError):
    """The outside world failed in a way that usually passes: time-out, 5xx, refused connection."""


class RateLimitedError(TransientError):
    """The other side asked to wait.

    Parameters
    ----------
    message : str
        What happened.
    retry_after_seconds : float or None
        The wait the other side asked for, None when it named none.
    """

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message, retry_after_seconds)
        self.message = message
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        return self.message
