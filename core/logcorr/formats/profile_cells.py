"""Lines → the texts that a profile names, by the syntax of the profile. This is the careful reading, for any line.

The result is a frame with a row for each line: `row`, `line`, `state` (OBJECT, OTHER or MALFORMED), and for each path
that the profile names a column of its text (`text_column`) and of its kind (`kind_column`).
"""

from collections.abc import Sequence

import polars as pl

from logcorr.formats.cells import kind_column, text_column
from logcorr.formats.delimited_fields import csv_cells, logfmt_cells
from logcorr.formats.json_fields import OBJECT, OTHER, STRING, cells
from logcorr.formats.profile import Duration, Field, Profile, Rule, Status, Time

# What a wrapper around a line tells.
WRAPPER_FIELDS = ("@time", "@stream", "@source")


def groups_of(pattern: str) -> tuple[str, ...]:
    """The names of the groups of a pattern, in order."""
    return tuple(name for name in _struct_of(pattern) if not name.isdigit())


def _struct_of(pattern: str) -> list[str]:
    dtype = pl.select(pl.lit("").str.extract_groups(whole(pattern))).to_series().dtype
    return [field.name for field in dtype.fields] if isinstance(dtype, pl.Struct) else []


def whole(pattern: str) -> str:
    """A pattern that has what `pattern` matches at the start of a text as its first group."""
    return f"^({pattern})"


def paths_of(profile: Profile) -> tuple[str, ...]:
    """The paths at which the profile looks, except those of groups of its prefix and of what a wrapper tells."""
    paths: dict[str, None] = {}
    given = set(groups_of(profile.prefix)) if profile.prefix else set()
    for rule in profile.rules:
        own = given | (set(groups_of(rule.match)) if rule.match else set())
        looked_at = [condition.path for condition in rule.where]
        looked_at += [path for field in fields_of(profile, rule) for path in field.paths()]
        paths.update(dict.fromkeys(path for path in looked_at if path not in own and path not in WRAPPER_FIELDS))
    return tuple(paths)


def required_paths(profile: Profile, rule: Rule) -> list[str]:
    """The paths without which a rule reads no entry: those of its conditions, its time, its id and its status."""
    fields = [*(rule.id if rule.id is not None else profile.id), *_status_fields(rule.status)]
    time = rule.time or profile.time
    fields += _time_fields(time)[:1] if time is not None else []
    paths = [condition.path for condition in rule.where]
    return [*paths, *(path for field in fields for path in field.paths()[:1] if path not in WRAPPER_FIELDS)]


def wrapper_fields(profile: Profile) -> tuple[str, ...]:
    """The fields of a wrapper at which the profile looks."""
    used = [path for rule in profile.rules for field in fields_of(profile, rule) for path in field.paths()]
    used += [condition.path for rule in profile.rules for condition in rule.where]
    return tuple(name for name in WRAPPER_FIELDS if name in used)


def fields_of(profile: Profile, rule: Rule) -> list[Field]:
    """Every field that a rule reads, with those that the profile names for it."""
    fields: list[Field] = list(rule.id if rule.id is not None else profile.id)
    for name in ("user", "endpoint", "method", "ip", "user_agent"):
        field = getattr(rule, name) or getattr(profile, name)
        if field is not None:
            fields.append(field)
    fields += [*{**profile.attributes, **rule.attributes}.values()]
    time = rule.time or profile.time
    if time is not None:
        fields += _time_fields(time)
    return [*fields, *_status_fields(rule.status), *_duration_fields(rule.duration)]


def _time_fields(time: Time) -> list[Field]:
    if time.any_of:
        return [field for one in time.any_of for field in _time_fields(one)]
    return [time.field] if time.kind == "field" else []


def _status_fields(status: Status | None) -> list[Field]:
    return [] if status is None or status.field is None else [status.field]


def _duration_fields(duration: Duration | None) -> list[Field]:
    if duration is None:
        return []
    if duration.sum_of:
        return list(duration.sum_of)
    return [duration.field, *([duration.unit_field] if duration.unit_field else [])]


def read_cells(lines: pl.DataFrame, profile: Profile, paths: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
    """The cells of lines (columns `line`, `row`, and others, which are kept).

    `columns` are the names of the columns of a csv log.
    """
    if profile.syntax == "text":
        return lines.with_columns(pl.lit(OBJECT, pl.UInt8).alias("state"))
    if profile.prefix is None:
        return _parsed(lines, lines["line"], profile, paths, columns)
    found = lines["line"].to_frame().select(pl.col("line").str.extract_groups(whole(profile.prefix)).alias("g"))
    groups = found.unnest("g")
    head = groups.to_series(0)
    rest = lines["line"].to_frame().select(pl.col("line").str.slice(pl.lit(head).str.len_chars())).to_series()
    parsed = _parsed(lines, rest, profile, paths, columns)
    state = parsed["state"].set(head.is_null(), OTHER)
    return parsed.with_columns(state, *group_columns(groups))


def group_columns(groups: pl.DataFrame) -> list[pl.Series]:
    """The named groups of a pattern as cells: a column of texts and one of kinds for each."""
    named = [groups.get_column(name) for name in groups.columns if not name.isdigit()]
    texts = [group.alias(text_column(group.name)) for group in named]
    kinds = [(group.is_not_null().cast(pl.UInt8) * STRING).alias(kind_column(group.name)) for group in named]
    return [*texts, *kinds]


def _parsed(
    lines: pl.DataFrame, texts: pl.Series, profile: Profile, paths: Sequence[str], columns: Sequence[str]
) -> pl.DataFrame:
    if profile.syntax == "json":
        read = cells(texts, paths)
    elif profile.syntax == "logfmt":
        read = logfmt_cells(texts, paths)
    else:
        read = csv_cells(texts, columns, paths, profile.separator, profile.quote)
    names = {f"t{number}": text_column(path) for number, path in enumerate(paths)}
    names |= {f"k{number}": kind_column(path) for number, path in enumerate(paths)}
    return lines.hstack(read.rename(names))
