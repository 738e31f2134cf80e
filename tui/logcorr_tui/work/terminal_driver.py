"""The driver of the app on Linux and macOS: Textual's own, but for how it reads.

`InputSplitter` stands between the terminal and Textual's parser, so that a late reply of the terminal never acts as
keys. Replies that Textual does not know become a `TerminalReply`.
"""

import re
import selectors
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from os import read
from time import monotonic, sleep
from typing import Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from logcorr_tui.state.messages import TerminalReply
from logcorr_tui.work.terminal_replies import BEGUN_S, InputSplitter, Piece

_LOOK_S = 0.1
_STEP_S = 0.01
_LAST_ANSWERS_S = 0.3
_BLOCK = 1 << 12
# The questions to a terminal: its attributes, modes, colours, clipboard, version, cursor.
_QUESTION = re.compile(r"\x1b\[[0-?]*(?:\$p|c|n|q|\?u)|\x1b\][0-9;]*(?:c;)?\?(?:\x07|\x1b\\)")
_FENCE = "\x1b[c"
_FENCE_REPLY = re.compile(r"\x1b\[\?[\d;]*c\Z")
_SHORT = 64
_MOUSE = re.compile(r"\x1b\[(?:<?[-\d;]+[Mm]|M...)", re.DOTALL)
_PARSED = re.compile(r"\x1b\[(?:[IO]|\d+;\d+R|\?\d+;\d\$y|48(?:;\d[\d:]*){4}t)")


class ReplyParser(XTermParser):
    """Textual's parser, which gets whole sequences only, and only those that it knows."""

    def __init__(self, splitter: InputSplitter, *, debug: bool = False) -> None:
        super().__init__(debug)
        self._splitter = splitter

    def read(self, data: str) -> Iterator[Message]:
        """The messages for what was read."""
        yield from self._messages(self._splitter.feed(data))

    def expire(self) -> Iterator[Message]:
        """The messages for what has waited long enough."""
        yield from self._messages(self._splitter.tick())

    def _messages(self, pieces: Iterable[Piece]) -> Iterator[Message]:
        for piece in pieces:
            if piece.kind == "text":
                yield from self.feed(piece.text)
            elif piece.kind == "escape":
                yield events.Key("escape", "\x1b")
            elif piece.kind == "paste":
                yield events.Paste(piece.text.replace("\x00", ""))
            elif piece.kind == "alt":
                yield from self._keys(piece.text) or self._keys(piece.text[1:], alt=True)
            elif _MOUSE.fullmatch(piece.text) or _PARSED.fullmatch(piece.text) or self._keys(piece.text):
                yield from self.feed(piece.text)
            else:
                yield TerminalReply(piece.text)

    def _keys(self, sequence: str, *, alt: bool = False) -> list[events.Key]:
        """The keys that a sequence stands for. None where its numbers are those of no key."""
        try:
            return list(self._sequence_to_key_events(sequence, alt=alt))
        except (ValueError, OverflowError):
            return []


class TerminalDriver(LinuxDriver):
    """Reads keys, pasted text and replies apart. Notes what was asked, because an answer may be late."""

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        self._splitter = InputSplitter()
        self._asked_at = -BEGUN_S
        self._fences = 0

    def start_application_mode(self) -> None:
        """As Textual does, with a fence behind the questions that Textual asks."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is not None:
            self.ask("")

    def ask(self, question: str) -> None:
        """Asks the terminal. The answer comes as a `TerminalReply`, if the terminal knows one.

        The fence is a question that every terminal answers, and after all others: then no answer is outstanding.
        """
        if self.input_tty:
            self.write(question + _FENCE)
            self.flush()

    def write(self, data: str) -> None:
        """Writes to the terminal, and notes whether it is a question."""
        if len(data) < _SHORT and _QUESTION.search(data):
            self._asked_at = monotonic()
            self._fences += data.count(_FENCE)
            self._splitter.asked = True
        super().write(data)

    def disable_input(self) -> None:
        """Ends reading. First waits a moment for answers, which would else come to the shell."""
        end = monotonic() + _LAST_ANSWERS_S
        while self._splitter.asked and not self.exit_event.is_set() and monotonic() < end:
            sleep(_STEP_S)
        super().disable_input()

    def run_input_thread(self) -> None:
        """Reads until the app ends or the terminal is gone, which the app notices by itself."""
        parser = ReplyParser(self._splitter, debug=self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                wait = self._splitter.wait_s
                ready = selector.select(_LOOK_S if wait is None else min(wait, _LOOK_S))
                if self._splitter.asked and monotonic() - self._asked_at > BEGUN_S:
                    self._none_is_asked()
                if not ready:
                    self._send(parser.expire())
                    continue
                try:
                    block = read(self.fileno, _BLOCK)
                except OSError:
                    block = b""
                if block:
                    self._send(parser.read(decode(block)))
                else:
                    self.exit_event.wait(_LOOK_S)

    def _send(self, found: Iterable[Message]) -> None:
        for message in found:
            if isinstance(message, TerminalReply) and _FENCE_REPLY.fullmatch(message.text):
                self._fences -= 1
                if self._fences <= 0:
                    self._none_is_asked()
            self.process_message(message)

    def _none_is_asked(self) -> None:
        self._fences, self._splitter.asked = 0, False
