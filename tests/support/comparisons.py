"""What the comparisons of a filter mean, in plain Python: nothing is before or after an absent value."""

from collections.abc import Callable
from typing import Any

COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a is not None and a < b,
    "<=": lambda a, b: a is not None and a <= b,
    ">": lambda a, b: a is not None and a > b,
    ">=": lambda a, b: a is not None and a >= b,
    "~": lambda a, b: a is not None and b in a,
}
