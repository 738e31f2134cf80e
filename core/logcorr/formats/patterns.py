"""The patterns of profiles: whether a pattern is one of Rust's regex, and which groups it has.

polars matches them with Rust's regex, so Rust's regex itself says whether it takes a pattern.
"""

import re
from functools import lru_cache

from logcorr.model.errors import UsageError

_POSSESSIVE = re.compile(r"[*+?}]\+")
# What means nothing as a quantifier: an escaped character, and a class in brackets.
_NO_QUANTIFIER = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


@lru_cache(maxsize=1024)
def groups(pattern: str) -> tuple[str, ...]:
    """The names of the pattern's groups in order; a group without a name is named by its number.

    Raises UsageError with the reason where Rust's regex does not take the pattern.
    """
    if _POSSESSIVE.search(_NO_QUANTIFIER.sub("_", pattern)):
        # Rust's regex takes `a++` for `(?:a+)+`, which is not what its author meant.
        raise UsageError("possessive quantifiers such as `a++` are not supported; write `a+`")
    import polars as pl  # noqa: PLC0415 - to list and show formats takes no polars

    try:
        struct = pl.select(pl.lit("").str.extract_groups(pattern)).to_series().dtype
    except pl.exceptions.PolarsError as error:
        raise UsageError(_reason(str(error))) from None
    assert isinstance(struct, pl.Struct)  # noqa: S101 - the type of extract_groups
    return tuple(field.name for field in struct.fields)


def named_groups(pattern: str) -> tuple[str, ...]:
    """The names of the groups that have a name, in order. Raises UsageError as `groups`."""
    return tuple(name for name in groups(pattern) if not name.isdecimal())


def _reason(text: str) -> str:
    """The reason in an error of Rust's regex, in one line."""
    found = re.search(r"^error: (.+)$", text, re.MULTILINE)
    return found[1] if found else text.partition("\n")[0]
