"""Makes text inert that a spreadsheet would run as a formula: text of CSV files gets a `'` in front of a formula.

A spreadsheet takes text for a formula if it starts with = + - @ or one of their full-width forms. Blanks and control
characters may stand before it. A spreadsheet that takes semicolons or tabs for separators may split a text there,
quotes or not: then a formula may also start within the text.
"""

import polars as pl

_FORMULA = "[=+\\-@＝＋－＠]"
_CONTROL = "\\x00-\\x1f\\x7f"
_START = f"^([{_CONTROL}]|[ \u00a0]*{_FORMULA})"
_WITHIN = f'([;\\t\\r\\n]["{_CONTROL}]*)({_FORMULA})'
_SUSPECT = f"{_START}|{_WITHIN}"


def without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every formula in its text columns made inert; negative numbers stay numbers."""
    texts = pl.col(pl.String)
    suspect = frame.select(texts.str.contains(_SUSPECT).any())
    suspects = [name for name in suspect.columns if suspect[name].any()]
    column = pl.col(suspects)
    return frame.with_columns(column.str.replace_all(_WITHIN, "${1}'${2}").str.replace(_START, "'${1}"))
