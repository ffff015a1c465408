"""How much of a batch the boundary refused, and of whom."""

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from include.core.checks import CheckResult, Severity
from include.core.columns import TABLES
from include.market.errors import PAGE_REASONS
from include.validation.limits import REFUSED_ROWS, REFUSED_SHARE
from include.validation.subjects import named, subject_name


def check_refusals(staged: Mapping[str, pa.Table]) -> tuple[CheckResult, ...]:
    """Return the verdicts over refused records: any warns, a subject of many is left out, many of all are critical.

    Whole pages only warn.

    Parameters
    ----------
    staged : mapping
        Staged rows by table, the quarantine among them.
    """
    quarantine = staged["quarantine"]
    # a page that came wrong was asked for again: what stayed away is counted as missing, not as refused
    is_page = pc.is_in(quarantine["reason"], pa.array(PAGE_REASONS))
    refused, kept = _refused(quarantine.filter(pc.invert(is_page))), _kept(staged)
    broken = {
        name: count
        for name, count in refused.items()
        if count >= REFUSED_ROWS and count > REFUSED_SHARE * (count + kept[name])
    }
    return (_any(_refused(quarantine), quarantine), _subjects(broken, kept), _share(broken, refused, kept))


def _refused(quarantine: pa.Table) -> Counter[str]:
    counts = quarantine.group_by(["source", "subject"]).aggregate([([], "count_all")]).to_pylist()
    return Counter(
        {
            subject_name(TABLES[row["source"]], row["subject"]) if row["source"] in TABLES else row["source"]: row[
                "count_all"
            ]
            for row in counts
        }
    )


def _kept(staged: Mapping[str, pa.Table]) -> Counter[str]:
    kept: Counter[str] = Counter()
    for name, rows in staged.items():
        definition = TABLES[name]
        if definition.known is None:
            continue
        if definition.subject_column is None:
            kept[name] = rows.num_rows
        else:
            counts = pc.value_counts(rows[definition.subject_column]).to_pylist()
            kept.update({subject_name(definition, row["values"]): row["counts"] for row in counts})
    return kept


def _any(refused: Counter[str], quarantine: pa.Table) -> CheckResult:
    count = refused.total()
    reasons = ", ".join(f"{row['counts']} {row['values']}" for row in pc.value_counts(quarantine["reason"]).to_pylist())
    return CheckResult(
        name="refused_records",
        passed=count == 0,
        observed=count,
        limit=0,
        message=f"{count:,} records were refused and are in quarantine ({reasons}){named(_worst(refused))}."
        if count
        else "No record was refused.",
        severity=Severity.WARNING,
        subjects=_worst(refused),
    )


def _subjects(broken: Mapping[str, int], kept: Counter[str]) -> CheckResult:
    texts = [f"{name} ({count} of {count + kept[name]})" for name, count in sorted(broken.items())]
    return CheckResult(
        name="refused_subjects",
        passed=not broken,
        observed=len(broken),
        limit=0,
        message=f"More than {REFUSED_SHARE:.0%} of their records were refused{named(texts)}."
        if broken
        else f"Nobody had {REFUSED_ROWS} records or more and {REFUSED_SHARE:.0%} of them refused.",
        severity=Severity.EXCLUDE,
        subjects=tuple(sorted(broken)),
    )


def _share(broken: Mapping[str, int], refused: Counter[str], kept: Counter[str]) -> CheckResult:
    """Judge what is left when those who are left out anyway are gone."""
    bad = sum(count for name, count in refused.items() if name not in broken)
    good = sum(count for name, count in kept.items() if name not in broken)
    share = bad / max(bad + good, 1)
    return CheckResult(
        name="refused_records_share",
        passed=share <= REFUSED_SHARE,
        observed=round(share, 6),
        limit=REFUSED_SHARE,
        message=f"{share:.2%} of the other records were refused."
        if broken
        else f"{share:.2%} of all records were refused.",
    )


def _worst(refused: Counter[str]) -> tuple[str, ...]:
    return tuple(name for name, _ in sorted(refused.items(), key=lambda item: (-item[1], item[0])))
