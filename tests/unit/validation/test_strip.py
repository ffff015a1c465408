from xml.etree import ElementTree as ET

from include.validation.strip import WIDTH, strip_svg
from tests.unit.validation.facts import covered

MONTHS = ["2025-12", "2026-01", "2026-02", "2026-03"]


def cells(symbol: str = "BTC/USDT:USDT", **months: float) -> list[ET.Element]:
    shares = {name.replace("m", "").replace("_", "-"): share for name, share in months.items()}
    svg = strip_svg(covered(symbol).model_copy(update={"months": shares}), MONTHS)
    return list(ET.fromstring(str(svg)))


def test_a_cell_a_month_is_coloured_by_what_exists_of_it() -> None:
    found = cells(m2026_01=1.0, m2026_02=0.995, m2026_03=0.5)
    assert [cell.get("class") for cell in found] == ["c0", "c3", "c2", "c1"]
    assert [cell[0].text for cell in found] == [
        "BTC/USDT:USDT 2025-12: no candles",
        "BTC/USDT:USDT 2026-01: 100.00%",
        "BTC/USDT:USDT 2026-02: 99.50%",
        "BTC/USDT:USDT 2026-03: 50.00%",
    ]


def test_cells_fill_the_width_without_overlap() -> None:
    starts = [float(cell.get("x", "nan")) for cell in cells()]
    assert starts == [0, WIDTH / 4, WIDTH / 2, WIDTH * 3 / 4]


def test_a_name_cannot_break_out_of_the_picture() -> None:
    assert cells("</title><script>")[0][0].text == "</title><script> 2025-12: no candles"
