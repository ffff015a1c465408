"""The coverage of many symbols by month as one drawing: a row each, a cell for each month of its life."""

from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup

from include.validation.coverage import SymbolCoverage
from include.validation.strip import class_of, text_of

CELL_WIDTH, CELL_HEIGHT = 10, 11
_LABELS = 96
_TOP = 16


def heat_map(symbols: Sequence[SymbolCoverage]) -> Markup:
    """Return an inline SVG of symbol × month, coloured as the style sheet's `.c1` to `.c3`; hovering tells the share.

    Complete months in a row are one cell, so that a whole lake stays a small page.
    """
    months = _calendar(sorted({month for symbol in symbols for month in symbol.months}))
    width, height = _LABELS + CELL_WIDTH * len(months), _TOP + CELL_HEIGHT * len(symbols)
    parts = [_years(months), *(_row(symbol, months, row) for row, symbol in enumerate(symbols))]
    return Markup(
        '<svg class="heat" viewBox="0 0 {} {}" width="{}" role="img" aria-label="coverage by month">{}</svg>'
    ).format(width, height, width, Markup("").join(parts))


def _row(symbol: SymbolCoverage, months: Sequence[str], row: int) -> Markup:
    y = _TOP + row * CELL_HEIGHT
    label = Markup('<text x="0" y="{}">{}</text>').format(y + CELL_HEIGHT - 2, symbol.symbol.partition("/")[0])
    places = [place for place, month in enumerate(months) if month in symbol.months]
    cells = [label]
    # a run of complete months is one cell, any other month its own
    for _, run in groupby(places, key=lambda place: -1 if symbol.months[months[place]] >= 1.0 else place):
        run_places = list(run)
        first, last = months[run_places[0]], months[run_places[-1]]
        when = first if first == last else f"{first} to {last}"
        cells.append(
            Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{} {}: {}</title></rect>').format(
                class_of(symbol, first),
                _LABELS + CELL_WIDTH * run_places[0],
                y,
                CELL_WIDTH * (run_places[-1] - run_places[0] + 1) - 1,
                CELL_HEIGHT - 1,
                symbol.symbol,
                when,
                text_of(symbol, first),
            )
        )
    return Markup("").join(cells)


def _years(months: Sequence[str]) -> Markup:
    return Markup("").join(
        Markup('<text x="{}" y="{}">{}</text>').format(_LABELS + CELL_WIDTH * place, _TOP - 5, month[:4])
        for place, month in enumerate(months)
        if place == 0 or month.endswith("-01")
    )


def _calendar(months: Sequence[str]) -> list[str]:
    """Return every month from the first to the last of `months`, those without any candle too."""
    if not months:
        return []
    (year, month), last, found = map(int, months[0].split("-")), months[-1], [months[0]]
    while found[-1] != last:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        found.append(f"{year:04d}-{month:02d}")
    return found
