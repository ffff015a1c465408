"""The coverage strip of a symbol: one cell per month, coloured by the share of candles that exist."""

from collections.abc import Sequence

from markupsafe import Markup

from include.validation.coverage import SymbolCoverage

WIDTH, HEIGHT = 300, 14
# class of a cell by the least share that earns it; style sheet: `.c0` … `.c3`
_CLASSES = ((1.0, "c3"), (0.99, "c2"), (0.0, "c1"))


def strip_svg(symbol: SymbolCoverage, months: Sequence[str]) -> Markup:
    """Return an inline SVG with a cell for each of `months`; months outside the symbol's life stay empty."""
    width = WIDTH / max(len(months), 1)
    cells = Markup("").join(
        Markup('<rect class="{}" x="{:.2f}" y="0" width="{:.2f}" height="{}"><title>{} {}: {}</title></rect>').format(
            class_of(symbol, month),
            position * width,
            max(width - 1, 0.5),
            HEIGHT,
            symbol.symbol,
            month,
            text_of(symbol, month),
        )
        for position, month in enumerate(months)
    )
    return Markup('<svg class="strip" viewBox="0 0 {} {}" role="img" aria-label="coverage by month">{}</svg>').format(
        WIDTH, HEIGHT, cells
    )


def class_of(symbol: SymbolCoverage, month: str) -> str:
    """Return the class of the style sheet for the share of a month's candles that exist."""
    share = symbol.months.get(month)
    if share is None:
        return "c0"
    return next(name for least, name in _CLASSES if share >= least)


def text_of(symbol: SymbolCoverage, month: str) -> str:
    """Return that share as people read it."""
    share = symbol.months.get(month)
    return "no candles" if share is None else f"{share:.2%}"
