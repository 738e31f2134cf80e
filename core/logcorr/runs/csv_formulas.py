"""Text of a CSV file that a spreadsheet would run as a formula → the same with a `'` in front, so that it does not.

A spreadsheet runs what starts with = + - @ or their full-width forms, also behind blanks and control characters. One
that takes semicolons or tabs for separators finds such starts within a cell too, whatever the quotes around it.
"""

import polars as pl

_FORMULA = "[=+\\-@＝＋－＠]"
_CONTROL = "\\x00-\\x1f\\x7f"
_START = f"^([{_CONTROL}]|[ \u00a0]*{_FORMULA})"
_WITHIN = f'([;\\t\\r\\n]["{_CONTROL}]*)({_FORMULA})'
_SUSPECT = f"{_START}|{_WITHIN}"


def without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every text that could be run made inert; numbers stay numbers, also negative ones."""
    texts = pl.col(pl.String)
    found = frame.select(texts.str.contains(_SUSPECT).any())
    suspects = [name for name in found.columns if found[name].any()]
    column = pl.col(suspects)
    return frame.with_columns(column.str.replace_all(_WITHIN, "${1}'${2}").str.replace(_START, "'${1}"))
