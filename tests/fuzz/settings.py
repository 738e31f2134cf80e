"""Settings files: what plain Python reads in them is what holds; what is none is passed over with a word."""

import tomllib
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from logcorr_tui.state import settings
from logcorr_tui.state.navigation import VIEWS_OF_A_RUN
from tests.fuzz.batch import Batch, Target
from tests.fuzz.mutate import mutated

_MODELS = (
    b'theme = "logcorr-dark"\nview = "orphans"\n\n[keys]\n"app.quit" = "ctrl+x"\n"table.sort" = "S,o"\n',
    b'keys = {"app.quit" = "f10"}\ntheme = """multi\nline"""\n',
    b"view = 'slow' # comment\n[keys]\na.b = 'c'\n",
    b'theme = "\\u0000\\U0001f600"\nkeys."x y" = ""\n',
    b"theme = 1\nview = [1, 2.5e300, true, 1979-05-27T07:32:00Z]\n",
    b"",
)


def make(chance: Random) -> Batch:
    """Hundreds of files, each a model with faults."""
    return Batch([mutated(chance.choice(_MODELS), chance, list(_MODELS)).decode("latin1") for _ in range(300)])


def plain(raw: bytes) -> dict[str, Any] | None:
    """What the file sets; None where it is no config."""
    try:
        found = tomllib.loads(raw.decode())
    except (ValueError, RecursionError):
        return None
    keys = found.get("keys", {})
    texts = [found.get("theme", ""), found.get("view", ""), *(keys.values() if isinstance(keys, dict) else [None])]
    known = found.keys() <= {"theme", "view", "keys"}
    return found if known and all(isinstance(text, str) for text in texts) else None


def check(batch: Batch) -> list[str]:
    """Where what holds is not what the file sets."""
    found = []
    with TemporaryDirectory(prefix="logcorr-") as name:
        path = Path(name) / "tui.toml"
        for piece in batch.pieces:
            raw = piece.encode("latin1")
            path.write_bytes(raw)
            held, problem = settings.load_settings(path)
            wanted = plain(raw)
            expected = settings.Settings(**(wanted or {}))
            told = wanted is None or (expected.view is not None and expected.view not in VIEWS_OF_A_RUN)
            if held != expected or (problem is not None) is not told:
                found.append(f"{raw!r}: {held}, {problem!r}; plainly {wanted}")
    return found


TARGET = Target("settings", make, check)
