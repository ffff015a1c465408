"""What a cross-validation is asked for: the scheme, and how the history is cut."""

from typing import Literal, Self

from pydantic import Field, model_validator

from include.config.model import Config

Scheme = Literal["walk_forward", "combinatorial"]
_FOLDS, _GROUPS, _TESTED = 4, 6, 2
_OF_SCHEME: dict[Scheme, tuple[str, ...]] = {
    "walk_forward": ("folds", "train_candles", "is_anchored"),
    "combinatorial": ("groups", "tested", "embargo_candles"),
}


class CrossValidationRequest(Config):
    """How one history becomes several trainings and tests; None takes the default.

    Attributes
    ----------
    scheme : {"walk_forward", "combinatorial"}
        Train on the past and test on what follows, or every choice of groups as a test.
    folds, train_candles, is_anchored
        Walk-forward: number of trainings (4); candles of the first training with its validation (half of the history);
        whether every training begins at the oldest candle.
    groups, tested, embargo_candles
        Combinatorial: groups of the history (6), of which so many are tested at once (2), and candles kept out of
        training after a test, beside the purge (the embargo of the system's splits).
    purge_candles : int or None
        Candles kept out of training next to a test, and between training and validation (the embargo of the system's
        splits).
    validation_candles : int or None
        Newest candles of each training, on which its checkpoint is chosen (those of the system's splits, or half of the
        shortest newest training range where that is less).
    """

    scheme: Scheme = "walk_forward"
    folds: int | None = Field(default=None, ge=1, le=50)
    train_candles: int | None = Field(default=None, ge=1)
    is_anchored: bool | None = None
    groups: int | None = Field(default=None, ge=2, le=20)
    tested: int | None = Field(default=None, ge=1)
    embargo_candles: int | None = Field(default=None, ge=0)
    purge_candles: int | None = Field(default=None, ge=0)
    validation_candles: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _fields_of_its_scheme(self) -> Self:
        for scheme, names in _OF_SCHEME.items():
            given = [name for name in names if getattr(self, name) is not None]
            if scheme != self.scheme and given:
                raise ValueError(f"`{given[0]}` is for {scheme} alone and must be left out of {self.scheme}")
        if self.scheme == "combinatorial" and self.tested_groups[1] >= self.tested_groups[0]:
            raise ValueError(f"`tested` must be less than the {self.tested_groups[0]} groups")
        return self

    @property
    def fold_count(self) -> int:
        """Trainings of a walk-forward."""
        return self.folds if self.folds is not None else _FOLDS

    @property
    def tested_groups(self) -> tuple[int, int]:
        """Groups of a combinatorial cross-validation, and how many of them are tested at once."""
        groups = self.groups if self.groups is not None else _GROUPS
        return groups, self.tested if self.tested is not None else _TESTED
