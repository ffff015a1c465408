"""Measure what PPO learns on markets with a known answer: ``python -m bench.learning --help``."""

import argparse
import json
import sys
from pathlib import Path

from bench.learning.cases import GROUPS, chosen
from bench.learning.figures import draw
from bench.learning.report import rows, table
from bench.learning.trial import Result, run_case
from include.core.errors import PerpetuaError
from include.training.engines import ENGINES

JSON = "learning.json"


def main() -> int:
    """Run the cases asked for, write figures and JSON, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.learning", description=__doc__)
    parser.add_argument("--only", metavar="GROUPS", help=f"some of {','.join(GROUPS)}; default: all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, help="environment steps of a training; default: those of phase4")
    parser.add_argument("--engine", choices=sorted(ENGINES), help="default: that of phase4")
    parser.add_argument("--output", type=Path, default=Path("var/learning"), help="folder for figures and JSON")
    given = parser.parse_args()
    try:
        cases = chosen(given.only)
    except PerpetuaError as error:
        parser.error(str(error))
    given.output.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    for place, case in enumerate(cases, start=1):
        print(f"{place}/{len(cases)} {case.group}: {case.name}", file=sys.stderr, flush=True)
        results.append(run_case(case, given.seeds, engine=given.engine, steps=given.steps))
        documents = [result.document() for result in results]
        (given.output / JSON).write_text(json.dumps(documents, indent=1) + "\n")
        print(table(rows(results[-1:])), flush=True)
    for figure in draw(results, given.output):
        print(figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
