"""A batch of fuzzed inputs: pieces that can be left out one by one, and options; and the same as JSON."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

CORPUS = Path(__file__).parent.parent / "corpus"


@dataclass(frozen=True)
class Batch:
    """What one target is given at a time. Pieces and options are JSON values; bytes are text in Latin-1."""

    pieces: list[Any]
    options: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        pieces = ",\n".join(json.dumps(piece) for piece in self.pieces)
        return f'{{"options": {json.dumps(self.options)},\n"pieces": [\n{pieces}\n]}}\n'

    @classmethod
    def of_json(cls, text: str) -> "Batch":
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Target:
    """Something to fuzz: `make` a batch, `check` what the engine makes of it, `count` the cases that this compares."""

    name: str
    make: Callable[[Random], Batch]
    check: Callable[[Batch], list[str]]
    count: Callable[[Batch], int] = lambda batch: len(batch.pieces)


def found_in(target: Target, batch: Batch) -> list[str]:
    """Differences, or the error that a check ended with."""
    try:
        return target.check(batch)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return [f"{type(error).__name__}: {error}"]


def smaller(target: Target, batch: Batch, patience_s: float = 60.0) -> Batch:
    """The batch without the pieces that a difference does not need: halves are left out, then quarters, and so on."""
    end = time.monotonic() + patience_s
    pieces, size = list(batch.pieces), max(1, len(batch.pieces) // 2)
    while time.monotonic() < end:
        start, before = 0, len(pieces)
        while start < len(pieces) and time.monotonic() < end:
            tried = pieces[:start] + pieces[start + size :]
            if tried and found_in(target, Batch(tried, batch.options)):
                pieces = tried
            else:
                start += size
        if size == 1 and len(pieces) == before:
            break
        size = max(1, size // 2)
    return Batch(pieces, batch.options)


def keep(target: Target, batch: Batch) -> Path:
    """Writes a batch to the corpus; the path."""
    text = batch.to_json()
    path = CORPUS / target.name / f"{hashlib.blake2b(text.encode(), digest_size=5).hexdigest()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf8")
    return path
