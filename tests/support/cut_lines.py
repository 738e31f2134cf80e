"""Lines as strings through the cutters of the kernels."""

from collections.abc import Callable

from logcorr.formats.cut_cells import Cells, Span, text_column
from logcorr.formats.cut_kernel import line_spans

Cutter = Callable[[bytes, Span], Cells]


def cut(cutter: Cutter, *lines: str) -> Cells:
    text = "".join(f"{line}\n" for line in lines).encode()
    return cutter(text, line_spans(text))


def texts(cutter: Cutter, *lines: str) -> list[tuple[str | None, ...]]:
    """The texts of the slots of each line."""
    text = "".join(f"{line}\n" for line in lines).encode()
    cells = cutter(text, line_spans(text))
    slots = range(len(cells.type))
    return list(zip(*(text_column(text, cells.slot(slot)).to_list() for slot in slots), strict=True))
