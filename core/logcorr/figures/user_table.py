"""Requests and errors of each user, counted by a kernel while exchanges are paired, if all users fit memory."""

import secrets
from typing import Any

import nanoarrow as na
import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute.kernels import compiled
from logcorr.compute.zero_copy_text import buffers, text_column

_FIRST_USERS = 1 << 10
_SLOTS_PER_USER = 2
_SLOT = np.dtype("u4, u4")
# The first row of the table is for exchanges without a user.
_NO_USER = 1
_USER = np.dtype([("bytes", "u4"), ("text", "u1", 12), ("requests", "u4"), ("errors", "u4")])


class UserTable:
    """A hash table of users with their requests and errors, of at most about `room` bytes.

    It is `full` once it would exceed this, and from the start where there are no kernels. Then it counts no more.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self._mixer = secrets.randbits(64)
        self._count, self._text_bytes = _NO_USER, 0
        self._slots = np.zeros(_SLOTS_PER_USER * _FIRST_USERS, _SLOT)
        self._users = np.zeros(_FIRST_USERS, _USER)
        self._texts = np.zeros(_FIRST_USERS, np.uint8)
        self.full = compiled is None
        self._more: pl.DataFrame | None = None

    def add(self, exchanges: pl.DataFrame) -> None:
        """Counts exchanges by `user_id` (String); an error has a `status_code` (Int16) of a failure."""
        # The kernel knows no null. No status is a failure, as 0 is.
        status = exchanges["status_code"].fill_null(0).to_numpy()
        begin = 0
        for users in na.c_array_stream(exchanges["user_id"]) if not self.full else ():
            end = begin + users.length
            self._add(users, status[begin:end])
            begin = end

    def counts(self) -> pl.DataFrame:
        """(user_id, requests, errors): a row for each user. Of no use once the table is full."""
        counted = self._counts()
        if self._more is None:
            return counted
        return plus(self._more, counted)

    def merge(self, counts: pl.DataFrame | None) -> None:
        """Adds the `counts` of other exchanges. None tells that these were not counted: then the table is full."""
        self.full |= counts is None
        self._more = counts if self._more is None or counts is None else plus(self._more, counts)

    def _counts(self) -> pl.DataFrame:
        users = self._users[: self._count]
        ends = np.concatenate([[0], users["bytes"].cumsum(dtype=np.int64)])
        names = np.empty(ends[-1], np.uint8)
        compiled.name_users(users, self._texts, names)
        present = np.full(-(-self._count // 8), 0xFF, np.uint8)
        present[0] ^= _NO_USER
        counts = {name: users[name].astype(np.int64) for name in ("requests", "errors")}
        return pl.DataFrame({"user_id": text_column(names, ends, present), **counts}).filter(pl.col("requests") > 0)

    def _add(self, users: Any, status: npt.NDArray[np.int16]) -> None:
        texts = *buffers(users), users.offset
        row = 0
        while not self.full:
            table = self._slots, self._users, self._texts
            row, self._count, self._text_bytes = compiled.count_users(
                texts, status, row, self._mixer, table, self._count, self._text_bytes
            )
            if row == status.size:
                break
            self._grow()

    def _grow(self) -> None:
        """Doubles the table of users if it is full, else the texts of long names."""
        users, texts = (2 if self._count == self._users.size else 1), (2 if self._count < self._users.size else 1)
        slots = np.zeros(users * self._slots.size, _SLOT)
        if slots.nbytes + users * self._users.nbytes + texts * self._texts.nbytes > self.room:
            self.full = True
            # What was counted is of no use any more.
            self._slots, self._users, self._texts = (
                self._slots[:0].copy(),
                self._users[:0].copy(),
                self._texts[:0].copy(),
            )
            return
        self._users.resize(users * self._users.size, refcheck=False)
        self._texts.resize(texts * self._texts.size, refcheck=False)
        if users > 1:
            compiled.move_slots(self._slots, slots)
            self._slots = slots


def plus(counts: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Counts of users (user_id, requests, errors) and some more, which may be negative. Best where `more` are few.

    Users without requests are left out.
    """
    in_both = pl.col("user_id").is_in(more["user_id"].implode(), nulls_equal=True)
    summed = pl.concat([counts.filter(in_both), more]).group_by("user_id").agg(pl.all().sum())
    return pl.concat([counts.filter(~in_both), summed.filter(pl.col("requests") > 0)])
