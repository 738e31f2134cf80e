"""Values of fields → the columns of an entry, with the reason where a line is malformed."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import polars as pl

from logcorr.compute.text_codes import TextCodes
from logcorr.formats import endpoint_path, time_forms
from logcorr.formats.cells import Cells, some
from logcorr.formats.endpoint_path import EndpointGroup
from logcorr.formats.malformed_reasons import DURATION, REQUEST_ID, STATUS_CODE, TIMESTAMP
from logcorr.formats.profile import Field, Profile, Rule, Time
from logcorr.formats.profile_fields import (
    attribute,
    given_durations,
    ids,
    path_of,
    plain_text,
    stamps,
    statuses,
    text_of,
)

# A fraction of a second, or a count of something finer.
_FRACTION = r"[.,][0-9]|^[0-9]{11}"


# The column that tells (Boolean) whether `line_hash` is no hash, but the row of the line. No attribute has a colon.
ALONE = ":alone"


class EntryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How entries are read: the zone of stamps that name none, which member of a list of addresses is the client.

    `in_order`: clocks depend on lines above, and need more columns. `collapse_ids` puts `*` for ids in endpoints, which
    are in no group of `collapse`. Attributes that have `codes` may come as these instead of as texts. `marks_alone`
    adds the column ALONE.
    """

    zone: str
    member: str
    in_order: bool
    collapse_ids: bool
    collapse: Sequence[EndpointGroup] = ()
    codes: Mapping[str, TextCodes] = {}
    marks_alone: bool = False


def entry(cells: Cells, profile: Profile, rule: Rule, plan: EntryPlan) -> tuple[pl.DataFrame, int]:
    """The lines that a rule of an event takes, with the columns of an entry; and how many stamps are of a doubled hour.

    Columns: row, and those of time, request_id, user_id, status_code, given_us, weak and attributes that the rule
    reads. `reason` is there where a line is malformed. With `plan.in_order`, what clocks that depend on lines above
    need is there too: clock, shift, lacks, zone, previous.
    """
    columns = [cells.rows]
    wrong: list[tuple[pl.Series | None, str]] = []
    time = rule.time or profile.time or Time(kind="none")
    doubled = 0
    if time.kind == "field":
        found = stamps(cells, time)
        instants, doubled = time_forms.to_utc(found.dated, plan.zone)
        columns.append(instants.alias("time"))
        wrong.append((some(found.read.clock.is_null() if plan.in_order else instants.is_null()), TIMESTAMP))
        if plan.in_order:
            columns += [found.read.clock.alias("clock"), found.read.shifts.alias("shift")]
            columns += [] if found.lacks is None else [found.lacks.alias("lacks")]
    if profile.is_pair:
        request_id = ids(cells, rule.id if rule.id is not None else profile.id)
        columns.append(request_id.alias("request_id"))
        alone = _alone(cells, time, columns[1] if time.kind == "field" else None)
        columns.append(_line_hashes(cells, alone).alias("line_hash"))
        columns += [_marked(cells, alone).alias(ALONE)] if plan.marks_alone else []
        wrong.append((some(request_id.is_null()) if request_id.null_count() else None, REQUEST_ID))
    user = rule.user or profile.user
    if user is not None:
        columns.append(plain_text(cells, user).alias("user_id"))
    if rule.status is not None:
        status, wrong_status = statuses(cells, rule.status)
        columns.append(status.alias("status_code"))
        wrong.append((wrong_status, STATUS_CODE))
    if rule.duration is not None:
        given, wrong_duration = given_durations(cells, rule.duration)
        columns.append(given.alias("given_us"))
        wrong.append((wrong_duration, DURATION))
    columns += _attributes(cells, profile, rule, plan)
    read = pl.DataFrame(columns)
    constants = [pl.lit(value=True).alias("weak")] if rule.weak else []
    if plan.in_order:
        constants += [pl.lit(plan.zone).alias("zone"), pl.lit(time.kind == "previous").alias("previous")]
    reasons = [pl.when(pl.lit(which)).then(pl.lit(name)) for which, name in wrong if which is not None]
    constants += [pl.coalesce(reasons).alias("reason")] if reasons else []
    return (read.with_columns(constants) if constants else read), doubled


def _alone(cells: Cells, time: Time, instants: pl.Series | None) -> pl.Series | None:
    """The places of lines that are alone: an equal line may as well be another event. None for all lines.

    The clock of such a line tells whole seconds, or nothing. Any other equal lines are one that was delivered again.
    """
    if instants is None:
        return None
    times = instants.to_numpy() if not instants.null_count() else instants.fill_null(0).to_numpy()
    whole = pl.Series(np.flatnonzero(times % 1_000_000 == 0))
    if not whole.len():
        return whole
    alone = pl.Series(np.ones(whole.len(), np.bool_))
    for one in time.any_of or (time,):
        if "%" not in one.form or "%f" in one.form:
            texts = _few_texts(cells, one.field, whole)
            alone &= ~texts.str.contains(_FRACTION).fill_null(value=False)
    return whole.filter(alone)


def _line_hashes(cells: Cells, alone: pl.Series | None) -> pl.Series:
    """A number (UInt32) for each line: the same for equal lines, but for those that are alone, which have their row."""
    if alone is None:
        return cells.rows
    hashes = cells.line_hashes()
    return hashes.scatter(alone, cells.rows.gather(alone)) if alone.len() else hashes


def _marked(cells: Cells, alone: pl.Series | None) -> pl.Series:
    """Which lines are alone (Boolean)."""
    mask = np.full(cells.height, alone is None)
    if alone is not None:
        mask[alone.to_numpy()] = True
    return pl.Series(mask)


def _few_texts(cells: Cells, field: Field, places: pl.Series) -> pl.Series:
    return cells.texts_of(path_of(cells, field), places) if field.path else text_of(cells, field).gather(places)


def _attributes(cells: Cells, profile: Profile, rule: Rule, plan: EntryPlan) -> list[pl.Series]:
    own = {**profile.attributes, **rule.attributes}
    columns = []
    for name in profile.attribute_names:
        field = own.get(name) or getattr(rule, name, None) or getattr(profile, name, None)
        if field is None:
            continue
        collapses = name == "endpoint" and (plan.collapse_ids or bool(plan.collapse))
        codes = None if collapses else plan.codes.get(name)
        text = attribute(cells, name, field, plan.member, escaped=profile.syntax == "text", codes=codes)
        if collapses:
            endpoints = endpoint_path.grouped(pl.col(name), plan.collapse, collapse_ids=plan.collapse_ids)
            text = text.alias(name).to_frame().select(endpoints.alias(name)).to_series()
        columns.append(text.alias(name))
    return columns
