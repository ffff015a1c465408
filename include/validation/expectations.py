"""The Great Expectations suite of every lake table, derived from `core/columns.py`, with what a batch adds to it.

One suite and one validation per table, never one per symbol. The import takes three seconds and happens here alone.
Unexpected values never leave this module: they are text from outside.
"""

import logging
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa

from include.core.checks import CheckResult
from include.core.columns import Column, Table, table
from include.lake.schema import to_frame
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

# rows of one validation: its memory is ten times that of the rows
CHUNK = 250_000
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0, "exclude_unexpected_values": True}
_WORDS = {
    "expect_table_columns_to_match_ordered_list": "are the table's columns, in order",
    "expect_column_values_to_not_be_null": "is never null",
    "expect_column_values_to_be_in_set": "is one of those it may be",
    "expect_column_values_to_be_between": "is inside its bounds",
    "expect_column_pair_values_a_to_be_greater_than_b": "the first is at least the second",
    "expect_compound_columns_to_be_unique": "are unique together",
    "expect_column_values_to_be_unique": "is unique",
}


def expect_table(name: str, rows: pa.Table, allowed: Mapping[str, Sequence[str]]) -> tuple[ExpectationOutcome, ...]:
    """Return the outcome of every expectation of the suite of one table.

    Parameters
    ----------
    name : str
        Lake table.
    rows : pyarrow.Table
        Its rows, judged in frames of `CHUNK` rows; counts are summed.
    allowed : mapping
        What this batch may hold, by column, such as the symbols that were asked for; columns that the table does
        not have are passed over.
    """
    definition = table(name)
    suite = suite_of(definition, allowed)
    results: dict[str, list[ExpectationValidationResult]] = {}
    for start in range(0, max(rows.num_rows, 1), CHUNK):
        for result in _validate(suite, to_frame(rows.slice(start, CHUNK))):
            results.setdefault(_identity(result), []).append(result)
    return tuple(_joined(name, parts) for parts in results.values())


def suite_of(definition: Table, allowed: Mapping[str, Sequence[str]]) -> ExpectationSuite:
    """Return the suite of a table: what its definition says, and what a batch may hold."""
    columns = definition.columns
    return ExpectationSuite(
        name=definition.name,
        expectations=[
            gxe.ExpectTableColumnsToMatchOrderedList(column_list=list(definition.column_names)),
            *(gxe.ExpectColumnValuesToNotBeNull(column=column.name) for column in columns if not column.nullable),
            *(expectation for column in columns for expectation in _values(column, allowed.get(column.name))),
            *(
                gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                    column_A=above, column_B=below, or_equal=True, ignore_row_if="either_value_is_missing"
                )
                for above, below in definition.at_least
            ),
            _unique(definition.key),
        ],
    )


def suite_check(name: str, outcomes: Sequence[ExpectationOutcome]) -> CheckResult:
    """Return one verdict over the suite of a table, the broken expectations named."""
    broken = [outcome for outcome in outcomes if not outcome.passed]
    names = "; ".join(f"{outcome.columns} {outcome.expected}" for outcome in broken)
    return CheckResult(
        name=f"expectations_{name}",
        passed=bool(outcomes) and not broken,
        observed=len(broken),
        limit=0,
        message=f"{len(outcomes) - len(broken)} of {len(outcomes)} expectations hold"
        + (f"; broken: {names}." if broken else "."),
    )


def _unique(key: tuple[str, ...]) -> Any:
    if len(key) == 1:
        return gxe.ExpectColumnValuesToBeUnique(column=key[0])
    return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(key))


def _values(column: Column, allowed: Sequence[str] | None) -> Iterable[Any]:
    if allowed is not None or column.choices:
        yield gxe.ExpectColumnValuesToBeInSet(column=column.name, value_set=list(allowed or column.choices))
    if column.minimum is not None or column.maximum is not None:
        yield gxe.ExpectColumnValuesToBeBetween(
            column=column.name,
            min_value=column.minimum,
            max_value=column.maximum,
            strict_min=column.is_open and column.minimum is not None,
            strict_max=column.is_open and column.maximum is not None,
        )


@cache
def _source() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return (
        context.data_sources.add_pandas("batch").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    )


def _validate(suite: ExpectationSuite, frame: pd.DataFrame) -> list[ExpectationValidationResult]:
    # it takes the values of instants with a zone in a way that pandas gives up; UTC without it orders the same
    instants = {str(name): frame[name].dt.tz_convert(None) for name in frame.select_dtypes("datetimetz")}
    batch = _source().get_batch({"dataframe": frame.assign(**instants)})
    return list(batch.validate(suite, result_format=_RESULT_FORMAT).results)


def _identity(result: ExpectationValidationResult) -> str:
    config = result.expectation_config
    arguments = {} if config is None else {key: value for key, value in config.kwargs.items() if key != "batch_id"}
    return f"{config and config.type} {sorted(arguments.items(), key=str)}"


def _joined(name: str, results: Sequence[ExpectationValidationResult]) -> ExpectationOutcome:
    """Return one expectation's outcome over all parts of a table."""
    config = results[0].expectation_config
    kind = config.type if config is not None else "expectation"
    arguments = config.kwargs if config is not None else {}
    columns = [arguments[key] for key in ("column", "column_A", "column_B") if key in arguments]
    counts = [result.result or {} for result in results]
    return ExpectationOutcome(
        table=name,
        expected=_WORDS.get(kind, kind),
        columns=", ".join(columns or arguments.get("column_list", []) or ["table"]),
        passed=all(bool(result.success) for result in results),
        elements=_total(counts, "element_count"),
        unexpected=_total(counts, "unexpected_count"),
    )


def _total(counts: Sequence[Mapping[str, Any]], key: str) -> int | None:
    known = [count[key] for count in counts if count.get(key) is not None]
    return sum(known) if known else None
