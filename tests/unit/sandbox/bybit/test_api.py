from pathlib import Path
from typing import Any

from starlette.datastructures import QueryParams

from include.sandbox.bybit.api import wrapped
from include.sandbox.bybit.requests import BybitRefusalError
from tests.unit.sandbox.recordings import START, ask, stopped_clock


def test_answers_and_refusals_come_in_the_same_envelope_with_status_200(tmp_path: Path) -> None:
    def answer(params: QueryParams, now_ms: int) -> dict[str, Any]:
        if "bad" in params:
            raise BybitRefusalError("params error: bad")
        return {"now": now_ms}

    routes = wrapped({"/v5/x": answer}, stopped_clock(tmp_path, START))
    good, bad = ask(routes, "/v5/x"), ask(routes, "/v5/x", bad=1)
    assert (good.status_code, bad.status_code) == (200, 200)
    assert good.json() == {"retCode": 0, "retMsg": "OK", "result": {"now": START}, "retExtInfo": {}, "time": START}
    assert bad.json() == {
        "retCode": 10001,
        "retMsg": "params error: bad",
        "result": {},
        "retExtInfo": {},
        "time": START,
    }
