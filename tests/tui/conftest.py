"""What tests of the app share: style sheets are parsed once for all apps."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def _styles_parsed_once() -> Iterator[None]:
    """Each app and each change of theme parses the same sheets again, a third of what it takes to start an app."""
    from textual.css.model import RuleSet
    from textual.css.stylesheet import Stylesheet

    parse = Stylesheet._parse_rules
    known: dict[tuple[Any, ...], list[RuleSet]] = {}

    def parsed(sheet: Stylesheet, css: str, read_from: Any, *more: Any, **named: Any) -> list[RuleSet]:
        key = (css, read_from, more, *named.items(), *sorted(sheet._variables.items()))
        if key not in known:
            known[key] = parse(sheet, css, read_from, *more, **named)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parsed)
        yield
