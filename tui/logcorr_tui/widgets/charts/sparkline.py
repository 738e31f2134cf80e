"""A small bar chart of one line for a tile."""

from collections.abc import Sequence

from logcorr_tui.widgets.charts.canvas import EIGHTHS


def squeeze(values: Sequence[float | None], columns: int) -> list[float]:
    """The values over so many columns. A column has the highest of its values."""
    count = len(values)
    if not count or columns <= 0:
        return []
    columns = min(columns, count)
    parts = [values[k * count // columns : (k + 1) * count // columns] for k in range(columns)]
    return [max((v for v in part if v is not None), default=0.0) for part in parts]


def sparkline(values: Sequence[float | None], columns: int) -> str:
    """Eighth blocks from zero to the highest value. The lowest value still has one eighth."""
    cells = squeeze(values, columns)
    top = max(cells, default=0.0)
    if top <= 0:
        return ""
    return "".join(EIGHTHS[max(round(value / top * 8), 1)] for value in cells)
