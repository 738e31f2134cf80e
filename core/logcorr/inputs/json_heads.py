"""Heads that are JSON objects, with the line as a text in them: those of Docker's json-file and of the journal."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
import polars as pl

from logcorr.inputs.head_forms import SOURCE, STREAM, TIME


class HeadedTexts(NamedTuple):
    """The lines within their heads, without line ends; None for a line without the head.

    `streams` are the streams that they were written to. `goes_on` tells of each line whether the next line of its
    stream continues it; None where none does. `told` is what the heads tell, by field.
    """

    texts: list[bytes | None]
    streams: list[str | None]
    goes_on: list[bool] | None
    told: dict[str, list[str | None]]


class _DockerLine(msgspec.Struct):
    log: str | None = None
    stream: str | None = None
    time: str | None = None


class _JournalLine(msgspec.Struct):
    message: str | list[Any] | None = msgspec.field(name="MESSAGE", default=None)
    micros: str | None = msgspec.field(name="__REALTIME_TIMESTAMP", default=None)
    identifier: str | list[Any] | None = msgspec.field(name="SYSLOG_IDENTIFIER", default=None)
    command: str | list[Any] | None = msgspec.field(name="_COMM", default=None)


# An object may also be nested too deeply to be decoded.
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_DOCKER = msgspec.json.Decoder(_DockerLine)
_JOURNAL = msgspec.json.Decoder(_JournalLine)


def docker_texts(lines: bytes, fields: Collection[str]) -> HeadedTexts:
    """The text of each line of Docker's json-file. Docker cuts long lines: a text without line end goes on."""
    decoded = _decoded(_DOCKER, lines, _DockerLine())
    logs = [None if line.log is None else line.log.encode() for line in decoded]
    goes_on = [log is not None and not log.endswith(b"\n") for log in logs]
    streams = [line.stream for line in decoded]
    known: dict[str, list[str | None]] = {STREAM: streams, SOURCE: [None] * len(logs)}
    if TIME in fields:
        known[TIME] = [line.time for line in decoded]
    return HeadedTexts(
        [None if log is None else _one_line(log.removesuffix(b"\n")) for log in logs],
        streams,
        goes_on if any(goes_on) else None,
        {field: known[field] for field in fields},
    )


def journal_texts(lines: bytes, fields: Collection[str]) -> HeadedTexts:
    """The message of each line as `journalctl -o json` prints them."""
    decoded = _decoded(_JOURNAL, lines, _JournalLine())
    messages = (_message(line.message) for line in decoded)
    nulls: list[str | None] = [None] * len(decoded)
    known = {STREAM: nulls}
    if TIME in fields:
        known[TIME] = _times([line.micros for line in decoded])
    if SOURCE in fields:
        known[SOURCE] = [_word(line.identifier) or _word(line.command) for line in decoded]
    texts = [None if message is None else _one_line(message) for message in messages]
    return HeadedTexts(texts, nulls, None, {field: known[field] for field in fields})


def _decoded(decoder: Any, lines: bytes, none: Any) -> Sequence[Any]:
    """The decoded object of each line; `none` for a line that is no such object.

    To decode many lines at once passes over blank lines, and takes several objects in one line. Where each line begins
    and ends an object, and there are as many objects as lines, each line is one.
    """
    height = lines.count(b"\n")
    if lines.startswith(b"{") and lines.count(b"\n{") == height - 1 and lines.count(b"}\n") == height:
        with suppress(*_NO_JSON):
            objects: list[Any] = decoder.decode_lines(lines)
            if len(objects) == height:
                return objects
    return [_decoded_line(decoder, line, none) for line in lines.split(b"\n")[:-1]]


def _decoded_line(decoder: Any, line: bytes, none: Any) -> Any:
    try:
        return decoder.decode(line)
    except _NO_JSON:
        return none


def _message(message: str | list[Any] | None) -> bytes | None:
    """The bytes of a message. One that is no UTF-8 is a list of bytes as numbers; a field that repeats is a list."""
    if isinstance(message, str):
        return message.encode()
    if isinstance(message, list) and message:
        if all(isinstance(byte, int) and 0 <= byte <= 255 for byte in message):
            return bytes(message)
        return _message(message[0])
    return None


def _word(value: str | list[Any] | None) -> str | None:
    return value if isinstance(value, str) else None


def _times(micros: list[str | None]) -> list[str | None]:
    """Instants in µs since 1970 as RFC 3339; None where there is none."""
    instants = pl.Series(micros, dtype=pl.String).cast(pl.Int64, strict=False).cast(pl.Datetime("us"))
    return instants.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_list()


def _one_line(text: bytes) -> bytes:
    """The text with spaces for the line ends within it: a line of the file stays one line."""
    return text.replace(b"\n", b" ") if b"\n" in text else text
