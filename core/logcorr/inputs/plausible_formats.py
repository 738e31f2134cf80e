"""A quick look at sampled lines: which profiles may read them. Most profiles are told to be others at once."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import polars as pl

from logcorr.formats import json_fields
from logcorr.formats.profile import Profile, Rule
from logcorr.formats.profile_cells import required_paths, whole
from logcorr.formats.profile_reader import EVENTS

_LEAST_LITERAL = 3


class SampledLines:
    """Sampled lines, and what several profiles look for in them."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.text = "\n".join(lines)
        self._lines = lines

    @cached_property
    def column(self) -> pl.Series:
        """The lines as a column."""
        return pl.Series("line", self._lines, dtype=pl.String)

    @cached_property
    def objects(self) -> list[dict[str, Any]]:
        """The objects among the lines."""
        return [record for line in self._lines if isinstance(record := json_fields.parse(line), dict)]


def may_read(profile: Profile, lines: SampledLines) -> bool:
    """Whether a rule of a profile may take a line. False is sure; the lines must be read to tell more."""
    rules = [rule for rule in profile.rules if rule.event in EVENTS and _may_take(rule, lines.text)]
    if profile.fields_line is not None:
        return profile.fields_line in lines.text
    if not rules or (profile.syntax == "logfmt" and "=" not in lines.text):
        return False
    if profile.syntax == "text":
        matches = [pl.col("line").str.contains(whole(rule.match)).any() for rule in rules if rule.match is not None]
        unsure = len(matches) < len(rules)
        return unsure or bool(lines.column.to_frame().select(pl.any_horizontal(matches)).item())
    if profile.syntax == "json" and profile.prefix is None:
        return any(_takes(profile, rule, record) for record in lines.objects for rule in rules)
    return profile.syntax != "json" or "{" in lines.text


def _takes(profile: Profile, rule: Rule, record: dict[str, Any]) -> bool:
    """Whether the conditions of a rule on values hold for an object; other conditions are taken for met.

    Of a rule that takes every object, some field must be there.
    """
    if not rule.where and not any(json_fields.has(record, path) for path in required_paths(profile, rule)):
        return False
    for condition in rule.where:
        text, kind = json_fields.described(json_fields.at(record, condition.path.split(".")))
        if condition.values is not None and text not in condition.values:
            return False
        if condition.exists is not None and (kind > json_fields.NULL) != condition.exists:
            return False
        if condition.null is not None and (kind == json_fields.NULL) != condition.null:
            return False
    return True


def _may_take(rule: Rule, text: str) -> bool:
    """Whether a text has the constants that a rule asks for."""
    for condition in rule.where:
        if condition.values is not None and not any(value in text for value in condition.values):
            return False
        if condition.prefix is not None and condition.prefix not in text:
            return False
        if condition.exists and condition.path.rpartition(".")[2] not in text and "*" not in condition.path:
            return False
    return rule.match is None or all(literal in text for literal in literals(rule.match))


def literals(pattern: str) -> list[str]:
    """Texts that every match of a pattern has: its runs of plain characters outside of groups and quantifiers."""
    runs, run, depth, at = [], "", 0, 0
    while at < len(pattern):
        char = pattern[at]
        escaped = char == "\\" and at + 1 < len(pattern)
        token = pattern[at : at + 2] if escaped else char
        at += len(token)
        if char == "[":
            at = _after_class(pattern, at)
        depth += {"(": 1, ")": -1}.get(char, 0)
        plain = token[1] if escaped and not token[1].isalnum() else char
        is_plain = not depth and (plain not in "()[].^$|?*+{}\\" or (escaped and not token[1].isalnum()))
        quantified = pattern[at : at + 1] in ("?", "*", "+", "{") and at < len(pattern)
        if is_plain and not quantified:
            run += plain
            continue
        if not depth and char == "|":
            return []
        runs.append(run)
        run = ""
    return [text for text in (*runs, run) if len(text) >= _LEAST_LITERAL]


def _after_class(pattern: str, at: int) -> int:
    """Where a class of characters ends; `at` is behind its bracket."""
    at += pattern.startswith("^", at)
    at += pattern.startswith("]", at)
    while at < len(pattern) and pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at + 1
