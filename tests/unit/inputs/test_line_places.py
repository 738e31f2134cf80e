"""Places of lines that are followed lead back to the lines, whatever became of the files meanwhile."""

from collections.abc import Callable
from pathlib import Path

import pytest

from logcorr.inputs.follow.followed_file import Start
from logcorr.inputs.follow.follower import Follower, Piece
from logcorr.inputs.follow.line_places import LinePlaces


class _Clock:
    """A clock that goes on by a minute whenever it is looked at: files that are left are closed at once."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 100
        return self.now


def _places(follower: Follower, places: LinePlaces, most_bytes: int = 1 << 20) -> list[int]:
    """The places of all lines that there are now."""
    found: list[int] = []
    while pieces := follower.poll(most_bytes):
        for piece in pieces:
            count = piece.text.count(b"\n")
            first = places.note(piece, count)
            found += range(first, first + count)
    return found


def _text(places: LinePlaces, place: int, follower: Follower) -> str | None:
    return dict(places.excerpt(place, follower.text_at).lines).get(0)


@pytest.mark.parametrize("most_bytes", [20, 1 << 20])
def test_every_line_is_found_again_with_its_number(
    tmp_path: Path, most_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logcorr.inputs.follow.line_places._EVERY_BYTES", 64)
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text("".join(f"{name} {n}\n" for n in range(50)))
    follower, places = Follower([str(tmp_path)]), LinePlaces()
    found = _places(follower, places, most_bytes)
    seen = {(places.position(place), _text(places, place, follower)) for place in found}
    assert seen == {((file, n + 1), f"{name} {n}") for file, name in enumerate(("a.log", "b.log")) for n in range(50)}
    around = places.excerpt(next(place for place in found if places.position(place) == (0, 2)), follower.text_at)
    assert around.lines == ((-1, "a.log 0"), (0, "a.log 1"), (1, "a.log 2"), (2, "a.log 3"), (3, "a.log 4"))
    follower.close()


def test_a_file_that_is_begun_in_the_middle_has_no_line_numbers(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("head\n" + "".join(f"line {n}\n" for n in range(9)))
    follower, places = Follower([str(log)], start_of=lambda _: Start(19, b"head\n")), LinePlaces()
    head, *rest = _places(follower, places)
    assert places.position(head) == (0, 1)
    assert _text(places, head, follower) == "head"
    assert [places.position(place).line for place in rest] == [None] * 7
    assert [_text(places, place, follower) for place in rest] == [f"line {n}" for n in range(2, 9)]
    follower.close()


def _remove(log: Path) -> None:
    log.unlink()


def _cut(log: Path) -> None:
    log.write_text("x\n")


@pytest.mark.parametrize(("change", "told"), [(_remove, "not there any more"), (_cut, "was cut")])
def test_a_line_that_is_gone_is_said(tmp_path: Path, change: Callable[[Path], None], told: str) -> None:
    log = tmp_path / "a.log"
    log.write_text("first\nsecond\n")
    follower, places = Follower([str(log)], clock=_Clock()), LinePlaces()
    place = _places(follower, places)[1]
    change(log)
    _places(follower, places)
    excerpt = places.excerpt(place, follower.text_at)
    assert not excerpt.lines
    assert told in excerpt.note
    follower.close()


def test_a_renamed_file_that_is_closed_is_found_by_its_identity(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("first\nsecond\n")
    follower, places = Follower([str(log)], clock=_Clock()), LinePlaces()
    place = _places(follower, places)[1]
    log.rename(tmp_path / "a.log.1")
    for _ in range(3):
        _places(follower, places)
    assert not follower.behind
    assert _text(places, place, follower) == "second"


def test_of_a_pipe_the_last_lines_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logcorr.inputs.follow.line_places._KEPT_BYTES", 100)
    places, found = LinePlaces(), []
    for part in range(10):
        text = "".join(f"line {part * 3 + n}\n" for n in range(3)).encode()
        first = places.note(Piece(0, text, begins=not part), 3)
        found += [first, first + 1, first + 2]
    last = places.excerpt(found[-2], lambda *_: None)
    assert last.lines == ((-3, "line 25"), (-2, "line 26"), (-1, "line 27"), (0, "line 28"), (1, "line 29"))
    assert places.position(found[-2]) == (0, 29)
    lost = places.excerpt(found[0], lambda *_: None)
    assert (lost.lines, lost.note[:24]) == ((), "The line is not kept: on")
