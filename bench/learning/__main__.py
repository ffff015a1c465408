"""Measure what PPO learns on markets with a known answer: ``python -m bench.learning --help``."""

import argparse
import sys
from pathlib import Path

from pydantic import TypeAdapter

from bench.learning.cases import GROUPS, chosen
from bench.learning.figures import draw
from bench.learning.report import rows, table
from bench.learning.trial import Result, run_case
from include.core.errors import PerpetuaError
from include.training.engines import ENGINES

JSON = "learning.json"
RESULTS = TypeAdapter(list[Result])


def main() -> int:
    """Run the cases asked for, write figures and JSON, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.learning", description=__doc__)
    parser.add_argument("--only", metavar="GROUPS", help=f"some of {','.join(GROUPS)}; default: all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, help="environment steps of a training; default: those of phase4")
    parser.add_argument("--engine", choices=sorted(ENGINES), help="default: that of phase4")
    parser.add_argument("--output", type=Path, default=Path("var/learning"), help="folder for figures and JSON")
    parser.add_argument("--redraw", action="store_true", help="draw the results in the folder again, train nothing")
    given = parser.parse_args()
    results = RESULTS.validate_json((given.output / JSON).read_bytes()) if given.redraw else _run(parser, given)
    for figure in draw(results, given.output):
        print(figure)
    return 0


def _run(parser: argparse.ArgumentParser, given: argparse.Namespace) -> list[Result]:
    try:
        cases = chosen(given.only)
    except PerpetuaError as error:
        parser.error(str(error))
    given.output.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    for place, case in enumerate(cases, start=1):
        print(f"{place}/{len(cases)} {case.name}", file=sys.stderr, flush=True)
        results.append(run_case(case, given.seeds, engine=given.engine, steps=given.steps))
        (given.output / JSON).write_bytes(RESULTS.dump_json(results, indent=1))
        print(table(rows(results[-1:])), flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
