import re
from xml.etree import ElementTree as ET

from include.core.clock import from_ms
from include.validation.coverage import SymbolCoverage
from include.validation.heat_map import CELL_WIDTH, heat_map


def symbol(name: str, **months: float) -> SymbolCoverage:
    shares = {month.lstrip("m").replace("_", "-"): share for month, share in months.items()}
    return SymbolCoverage(symbol=name, rows=1, first=from_ms(0), last=from_ms(0), gaps=(), months=shares)


def rects(*symbols: SymbolCoverage) -> list[tuple[str, int, int, str]]:
    root = ET.fromstring(str(heat_map(symbols)))
    return [
        (r.get("class") or "", int(r.get("x") or 0), int(r.get("width") or 0), r.findtext("title") or "")
        for r in root.iter("rect")
    ]


def test_complete_months_in_a_row_are_one_cell_and_others_stand_alone() -> None:
    found = rects(symbol("A/B:B", m2026_01=1.0, m2026_02=1.0, m2026_03=0.995, m2026_04=0.5, m2026_05=1.0))
    assert [(kind, text) for kind, _, _, text in found] == [
        ("c3", "A/B:B 2026-01 to 2026-02: 100.00%"),
        ("c2", "A/B:B 2026-03: 99.50%"),
        ("c1", "A/B:B 2026-04: 50.00%"),
        ("c3", "A/B:B 2026-05: 100.00%"),
    ]
    assert found[0][2] == 2 * CELL_WIDTH - 1
    places = [x for _, x, _, _ in found]
    assert [x - places[0] for x in places] == [0, 2 * CELL_WIDTH, 3 * CELL_WIDTH, 4 * CELL_WIDTH]


def test_rows_share_one_calendar_and_months_outside_a_life_stay_empty() -> None:
    old, young = symbol("A/B:B", m2025_11=1.0, m2025_12=1.0), symbol("C/B:B", m2026_02=1.0)
    found = rects(old, young)
    assert [text for *_, text in found] == ["A/B:B 2025-11 to 2025-12: 100.00%", "C/B:B 2026-02: 100.00%"]
    assert found[1][1] - found[0][1] == 3 * CELL_WIDTH
    drawing = str(heat_map([old, young]))
    assert re.findall(r">(20\d\d)<", drawing) == ["2025", "2026"]


def test_names_from_outside_are_escaped() -> None:
    drawing = str(heat_map([symbol("<b>/x", m2026_01=1.0)]))
    assert "<b>" not in drawing
    assert "&lt;b&gt;" in drawing


def test_nothing_stored_is_an_empty_drawing() -> None:
    assert rects() == []
