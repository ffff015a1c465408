import ast

from bench.dag_parsing import _with_pandas
from include.core.paths import REPOSITORY


def test_the_peer_is_the_same_file_but_for_the_import(tmp_path):
    for file in (REPOSITORY / "dags").glob("*.py"):
        ours, theirs = (ast.parse(path.read_text(encoding="utf-8")) for path in (file, _with_pandas(file, tmp_path)))
        assert ast.unparse(theirs.body[1]) == "import pandas"
        assert [ast.dump(node) for node in (theirs.body[0], *theirs.body[2:])] == list(map(ast.dump, ours.body))
