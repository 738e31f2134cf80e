"""The kernels in C at their door: arguments that are not what they should be are refused, whoever gives them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from logcorr.compute import kernels
from logcorr.jobs.correlate import correlate
from logcorr.model.options import CorrelateOptions
from tests.support.kernels_or_numpy import needs_kernels

LINE = b"2025-11-21T14:00:00.123Z,an-id,200\n"
SOUND_FORM: tuple[Any, ...] = ("T", 3, b"Z", 0)
LINES = 3


def arrays(lines: int = LINES, text_bytes: int = LINES * len(LINE)) -> dict[str, Any]:
    """The ten arrays for so many lines of any side."""
    return {
        "time": np.empty(lines, np.int64),
        "row": np.empty(lines, np.uint32),
        "ids": np.empty(text_bytes, np.uint8),
        "id_ends": np.empty(lines + 1, np.int64),
        "users": np.empty(text_bytes, np.uint8),
        "user_ends": np.empty(lines + 1, np.int64),
        "present": np.empty(-(-lines // 8), np.uint8),
        "status": np.empty(lines, np.int16),
        "bounds": np.empty((lines, 2), np.int64),
        "other_row": np.empty(lines, np.uint32),
    }


def pair_lines(
    text: Any = LINE * LINES,
    wrong: Any = b"",
    requests: bool = False,
    form: Any = SOUND_FORM,
    first_row: int = 0,
    **of: Any,
) -> Any:
    """Keywords of which there are none of the ten arrays are a mistake in the test."""
    assert of.keys() <= arrays().keys()
    return kernels.compiled.pair_lines(text, wrong, requests, form, first_row, *{**arrays(), **of}.values())


@needs_kernels
class TestPairLines:
    def test_sound_arguments_are_taken(self) -> None:
        assert pair_lines() == (3, 0, 15, 0, 0)
        assert pair_lines(requests=True) == (3, 0, 15, 9, 0)
        assert pair_lines(form=("T", 3, b"+01", 0)) == (0, 3, 0, 0, 0)
        assert pair_lines(first_row=2**32 - LINES)[0] == LINES

    @pytest.mark.parametrize(
        "form",
        [
            ("T", -1, b"Z", 0),
            ("T", 10, b"Z", 0),
            ("T", 2**31 - 1, b"Z", 0),
            ("T", 3, b"Z", 2**63 - 1),
            ("T", 3, b"Z", -(2**63)),
            ("\u0154", 3, b"Z", 0),
        ],
    )
    def test_a_form_that_is_none_is_refused(self, form: Any) -> None:
        """Two bytes more than the most digits there can be were fewer than none, and no line too short for them."""
        with pytest.raises(ValueError, match="form"):
            pair_lines(form=form)

    @pytest.mark.parametrize("row", [-1, 2**32, 2**32 - LINES + 1])
    def test_rows_that_do_not_fit_are_refused(self, row: int) -> None:
        with pytest.raises(ValueError, match="rows"):
            pair_lines(first_row=row)

    @pytest.mark.parametrize("name", sorted(arrays()))
    @pytest.mark.parametrize("requests", [True, False])
    def test_arrays_that_are_too_short_are_refused(self, name: str, requests: bool) -> None:
        others = {"status"} if requests else {"users", "user_ends", "present"}
        short = {name: arrays()[name][:-1]}
        if name in others:
            assert pair_lines(requests=requests, **short)[0] == LINES
        else:
            with pytest.raises(ValueError, match="too short"):
                pair_lines(requests=requests, **short)

    def test_numbers_at_odd_places_are_refused(self) -> None:
        odd = memoryview(bytearray(8 * LINES + 1))[1:]
        with pytest.raises(ValueError, match="too short"):
            pair_lines(time=odd)
        with pytest.raises(ValueError, match="too short"):
            pair_lines(wrong=memoryview(bytes(9))[1:])

    def test_what_is_no_array_to_write_to_is_refused(self) -> None:
        for wrong in (b"12345678" * 9, None, "text", np.empty((2, 64), np.int64).T):
            with pytest.raises((TypeError, ValueError, BufferError)):
                pair_lines(time=wrong)

    def test_arrays_that_are_one_are_written_within_their_bounds(self) -> None:
        """What was written is not believed: a time read back as the end of a text pointed anywhere."""
        same = np.empty(LINES + 1, np.int64)
        assert pair_lines(id_ends=same, time=same[:LINES], bounds=np.empty((LINES, 2), np.int64))[2] == 15

    @pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python takes tuples only")
    def test_a_form_made_on_the_fly_lives_long_enough(self) -> None:
        zone = b"Z" * 300

        class Form:
            def __len__(self) -> int:
                return 4

            def __getitem__(self, place: int) -> Any:
                return ("T", 3, bytes(bytearray(zone)), 0)[place]

        text = LINE.replace(b"Z", zone) * LINES
        assert pair_lines(text, form=Form(), **arrays(text_bytes=len(text))) == (3, 0, 15, 0, 0)

    def test_places_that_begin_no_line_are_passed_over(self) -> None:
        assert pair_lines(wrong=np.array([-1, 5, 2**62]))[0] == LINES
        assert pair_lines(wrong=np.array([0, len(LINE)]))[:2] == (1, 2)

    def test_no_text_and_no_end(self) -> None:
        assert pair_lines(text=b"") == (0, 0, 0, 0, 0)
        assert pair_lines(text=LINE[:-1]) == (0, 0, 0, 0, 0)
        with pytest.raises(ValueError, match="too short"):
            pair_lines(text=b"\n" * (LINES + 1))


@needs_kernels
class TestMatch:
    def arrays(self, keys: int) -> list[Any]:
        return [*(np.empty(keys, np.uint32) for _ in range(4)), np.empty(2 * keys, np.uint64)]

    @pytest.mark.parametrize("short", range(5))
    def test_arrays_that_are_too_short_are_refused(self, short: int) -> None:
        keys = np.arange(5, dtype=np.uint64)
        places = self.arrays(keys.size)
        assert kernels.compiled.match(keys, keys, 7, *places) == (5, 0)
        places[short] = places[short][:-1]
        with pytest.raises(ValueError, match="too short"):
            kernels.compiled.match(keys, keys, 7, *places)

    def test_keys_all_alike_fill_no_more_than_there_is(self) -> None:
        keys = np.zeros(1000, np.uint64)
        for mixer in (0, 1, 2**64 - 1):
            assert kernels.compiled.match(keys, keys, mixer, *self.arrays(keys.size)) == (1, 1998)


@needs_kernels
class TestUsers:
    SLOTS, USERS = np.dtype("u4, u4"), np.dtype("u4, V12, u4, u4")

    def table(self) -> list[Any]:
        return [np.zeros(8, self.SLOTS), np.zeros(4, self.USERS), np.zeros(16, np.uint8)]

    def count(self, *, views: Any = None, count: int = 1, offset: int = 0, arrays: dict[str, Any] | None = None) -> Any:
        slots, users, texts = self.table()
        table = {"slots": slots, "users": users, "texts": texts} | (arrays or {})
        views = np.zeros((LINES, 4), np.int32) if views is None else views
        column = None, views, (np.zeros(40, np.uint8),), offset
        status = np.zeros(LINES, np.int16)
        return kernels.compiled.count_users(column, status, 0, 7, tuple(table.values()), count, 0)

    def test_sound_arguments_are_taken(self) -> None:
        assert self.count() == (LINES, 2, 0)
        assert self.count(views=np.array([[16, 0, 0, 24]] * LINES, np.int32)) == (LINES, 2, 16)
        assert self.count(views=np.array([[17, 0, 0, 0]] * LINES, np.int32)) == (0, 1, 0), "no room for the text"

    @pytest.mark.parametrize("name", ["slots", "users"])
    def test_a_table_that_is_none_is_refused(self, name: str) -> None:
        whole = dict(zip(("slots", "users", "texts"), self.table(), strict=True))[name]
        odd = memoryview(bytearray(whole.nbytes + 1))[1:]
        for wrong in (whole[:0], np.repeat(whole, 3)[:-1] if name == "slots" else np.repeat(whole, 3), odd):
            with pytest.raises(ValueError, match="table"):
                self.count(arrays={name: wrong})
        for count in (-1, 0, 5):
            with pytest.raises(ValueError, match="table"):
                self.count(count=count)

    @pytest.mark.parametrize("view", [[-1, 0, 0, 0], [20, 0, 1, 0], [20, 0, -1, 0], [20, 0, 0, -1], [20, 0, 0, 21]])
    def test_a_text_outside_of_its_column_is_refused(self, view: list[int]) -> None:
        with pytest.raises(ValueError, match="outside"):
            self.count(views=np.array([view] * LINES, np.int32))

    @pytest.mark.parametrize("offset", [-1, 1, 2**62, 2**63 - 1])
    def test_rows_beyond_the_column_are_refused(self, offset: int) -> None:
        with pytest.raises(ValueError, match="rows"):
            self.count(offset=offset)

    def test_users_move_to_more_slots_only(self) -> None:
        for more in (0, 8, 12, 15):
            with pytest.raises(ValueError, match="too few"):
                kernels.compiled.move_slots(np.zeros(8, self.SLOTS), np.zeros(more, self.SLOTS))
        kernels.compiled.move_slots(np.zeros(8, self.SLOTS), np.zeros(16, self.SLOTS))

    def test_names_longer_than_their_room_are_refused(self) -> None:
        users = np.zeros(2, self.USERS)
        users["f0"] = 5
        with pytest.raises(ValueError, match="longer"):
            kernels.compiled.name_users(users, b"", np.zeros(9, np.uint8))
        kernels.compiled.name_users(users, b"", np.zeros(10, np.uint8))


@needs_kernels
class TestTextCodes:
    SLOTS = np.dtype("u4, u4")
    SPAN: tuple[Any, ...] = (np.array([0, 3], np.int32), np.array([3, 6], np.int32), np.array([2, 2], np.uint8))

    def codes(self, *, span: Any = None, table: dict[str, Any] | None = None, count: int = 1, row: int = 0) -> Any:
        whole = {"slots": np.zeros(8, self.SLOTS), "ends": np.zeros(5, np.int64), "texts": np.zeros(6, np.uint8)}
        arrays = tuple((whole | (table or {})).values())
        return kernels.compiled.text_codes(
            b"oneone", *(span or self.SPAN), 1, np.zeros(2, np.uint32), row, 7, arrays, count
        )

    def test_sound_arguments_are_taken(self) -> None:
        assert self.codes() == (2, 2)
        assert self.codes(table={"texts": np.zeros(2, np.uint8)}) == (0, 1), "no room for the text"

    @pytest.mark.parametrize(("begin", "end"), [(-1, 3), (3, 2), (0, 7)])
    def test_a_span_outside_of_the_text_is_refused(self, begin: int, end: int) -> None:
        with pytest.raises(ValueError, match="outside"):
            self.codes(span=(np.array([begin] * 2, np.int32), np.array([end] * 2, np.int32), self.SPAN[2]))

    def test_a_table_that_is_none_is_refused(self) -> None:
        for name, wrong in (("slots", np.zeros(7, self.SLOTS)), ("slots", np.zeros(4, self.SLOTS))):
            with pytest.raises(ValueError, match="table"):
                self.codes(table={name: wrong})
        for ends in (np.zeros(1, np.int64), np.full(5, 99), np.full(5, -1)):
            with pytest.raises(ValueError, match="table"):
                self.codes(table={"ends": ends})
        for count in (-1, 0, 6):
            with pytest.raises(ValueError, match="table"):
                self.codes(count=count)
        with pytest.raises(ValueError, match="short"):
            self.codes(row=-1)


@needs_kernels
class TestCountKeys:
    SLOTS = np.dtype("i8, i8, i8")
    KEYS = np.arange(3)

    def test_sound_arguments_are_taken(self) -> None:
        slots = np.zeros(8, self.SLOTS)
        assert kernels.compiled.count_keys(self.KEYS, self.KEYS, None, 0, 7, slots, 0) == (3, 3)
        kernels.compiled.move_keys(slots, 7, np.zeros(16, self.SLOTS))

    def test_columns_that_are_too_short_are_refused(self) -> None:
        slots = np.zeros(8, self.SLOTS)
        for wrong in ((self.KEYS[:2], None, 0), (self.KEYS, self.KEYS[:2], 0), (self.KEYS, None, -1)):
            with pytest.raises(ValueError, match="rows"):
                kernels.compiled.count_keys(self.KEYS, *wrong, 7, slots, 0)

    def test_slots_that_are_no_table_are_refused(self) -> None:
        for slots, count in ((0, 0), (1, 0), (6, 0), (8, -1), (8, 5)):
            with pytest.raises(ValueError, match="table"):
                kernels.compiled.count_keys(self.KEYS, self.KEYS, None, 0, 7, np.zeros(slots, self.SLOTS), count)
        for more in (0, 4, 7):
            with pytest.raises(ValueError, match="too few"):
                kernels.compiled.move_keys(np.zeros(8, self.SLOTS), 7, np.zeros(more, self.SLOTS))


@needs_kernels
def test_edges_that_are_none_of_bands_are_refused() -> None:
    durations = np.zeros(2, np.int64)
    for edges in ([], [1], [0, 2, 2], [0, 3, 1], list(range(2000))):
        with pytest.raises(ValueError, match="edges"):
            kernels.compiled.duration_bins(durations, np.array(edges, np.int64), durations.copy(), durations.copy())
    with pytest.raises(ValueError, match="rows"):
        kernels.compiled.duration_bins(durations, np.zeros(1, np.int64), durations[:1].copy(), durations.copy())


def test_they_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGCORR_KERNELS", "off")
    told = subprocess.run(
        [sys.executable, "-c", "from logcorr.compute.kernels import compiled; print(compiled)"],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert told.stdout == "None\n"


@pytest.mark.usefixtures("way")
def test_a_report_tells_whether_they_were_there(way: str, tmp_path: Path) -> None:
    logs = tmp_path / "requests.log", tmp_path / "responses.log"
    for log in logs:
        log.write_bytes(LINE)
    options = CorrelateOptions(requests=(str(logs[0]),), responses=(str(logs[1]),), memory_bytes=512_000_000)
    assert correlate(options).report.run.kernels == (way == "kernels")


def test_those_of_other_sources_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        VERSION = kernels._VERSION - 1

    monkeypatch.delenv("LOGCORR_KERNELS", raising=False)
    monkeypatch.setattr(kernels, "import_module", lambda _: Other)
    assert kernels._loaded() is None
    Other.VERSION += 1
    assert kernels._loaded() is not None
