"""The Great Expectations suite over candles: one suite, one validation of the whole frame.

The import takes three seconds and happens here alone. Unexpected values never leave this module:
they are text from outside.
"""

import logging
import warnings
from collections.abc import Sequence

import pandas as pd

from include.core.checks import CheckResult
from include.core.columns import CANDLES
from include.validation.quality_record import ExpectationOutcome

# it tells 200 lines about itself while it is imported
logging.getLogger("great_expectations").setLevel(logging.WARNING)
with warnings.catch_warnings():
    # it imports `sre_constants`, deprecated since Python 3.11
    warnings.simplefilter("ignore", DeprecationWarning)
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.core.expectation_suite import ExpectationSuite
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult

# this one sets its own level while it is imported
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)

_PRICES = ("open", "high", "low", "close")
_WORDS = {
    "expect_table_columns_to_match_ordered_list": "are the table's columns, in order",
    "expect_table_row_count_to_be_between": "has at least one row",
    "expect_column_values_to_not_be_null": "is never null",
    "expect_column_values_to_be_in_set": "is one of those asked for",
    "expect_column_values_to_be_between": "is positive, a volume not negative",
    "expect_column_pair_values_a_to_be_greater_than_b": "the first is at least the second",
    "expect_compound_columns_to_be_unique": "are unique together",
}
_ORDERED = (("high", "low"), ("high", "open"), ("high", "close"), ("open", "low"), ("close", "low"))


def expect_candles(frame: pd.DataFrame, symbols: Sequence[str], timeframe: str) -> tuple[ExpectationOutcome, ...]:
    """Return the outcome of every expectation of the suite.

    Parameters
    ----------
    frame : pandas.DataFrame
        Candles with the columns of the lake table.
    symbols : sequence of str
        Symbols that may occur.
    timeframe : str
        The one timeframe that may occur.
    """
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("batch").add_dataframe_asset("candles")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
    result = batch.validate(
        _suite(symbols, timeframe), result_format={"result_format": "BASIC", "partial_unexpected_count": 0}
    )
    return tuple(_outcome(single) for single in result.results)


def suite_check(outcomes: Sequence[ExpectationOutcome]) -> CheckResult:
    """Return one verdict over the suite, the broken expectations named."""
    broken = [outcome for outcome in outcomes if not outcome.passed]
    names = "; ".join(f"{outcome.columns} {outcome.expected}" for outcome in broken)
    return CheckResult(
        name="expectations_candles",
        passed=bool(outcomes) and not broken,
        observed=len(broken),
        limit=0,
        message=f"{len(outcomes) - len(broken)} of {len(outcomes)} expectations hold"
        + (f"; broken: {names}." if broken else "."),
    )


def _suite(symbols: Sequence[str], timeframe: str) -> ExpectationSuite:
    required = [column.name for column in CANDLES.columns if not column.nullable]
    return ExpectationSuite(
        name="candles",
        expectations=[
            gxe.ExpectTableColumnsToMatchOrderedList(column_list=list(CANDLES.column_names)),
            gxe.ExpectTableRowCountToBeBetween(min_value=1),
            *(gxe.ExpectColumnValuesToNotBeNull(column=name) for name in required),
            gxe.ExpectColumnValuesToBeInSet(column="symbol", value_set=list(symbols)),
            gxe.ExpectColumnValuesToBeInSet(column="timeframe", value_set=[timeframe]),
            *(gxe.ExpectColumnValuesToBeBetween(column=name, min_value=0, strict_min=True) for name in _PRICES),
            gxe.ExpectColumnValuesToBeBetween(column="volume", min_value=0),
            *(
                gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A=above, column_B=below, or_equal=True)
                for above, below in _ORDERED
            ),
            gxe.ExpectCompoundColumnsToBeUnique(column_list=list(CANDLES.key)),
        ],
    )


def _outcome(result: ExpectationValidationResult) -> ExpectationOutcome:
    config = result.expectation_config
    kind = config.type if config is not None else "expectation"
    arguments = config.kwargs if config is not None else {}
    columns = [arguments[name] for name in ("column", "column_A", "column_B") if name in arguments]
    counts = result.result or {}
    return ExpectationOutcome(
        expected=_WORDS.get(kind, kind),
        columns=", ".join(columns or arguments.get("column_list", []) or ["table"]),
        passed=bool(result.success),
        elements=counts.get("element_count"),
        unexpected=counts.get("unexpected_count"),
    )
