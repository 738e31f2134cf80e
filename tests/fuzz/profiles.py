"""Files of profiles: text that is no profile is an error of one line; any other reads back, and reads any log.

A piece is the text of a file.
"""

from random import Random

from logcorr.formats import profile_checks, profile_to_toml, profile_toml
from logcorr.formats.profile import Profile
from logcorr.formats.profile_reader import ReadOptions
from logcorr.formats.profile_registry import Registry
from logcorr.model.errors import UsageError
from tests.fuzz.batch import Batch, Target
from tests.fuzz.mutate import mutated_text
from tests.support.hostile import PAYLOADS
from tests.support.made_profiles import made
from tests.support.readings import careful, differences, engine_reading, profile_of

_LONGEST = 2000
# To read by a profile takes longer than all else.
_READ_EVERY = 4
_PIECES = (
    *PAYLOADS.values(),
    *("[", "]", "[[", "{", "}", '"', "'''", "=", "\n", "#", ".", ",", "true", "0", "-1", "1e5", "inf", "1979-05-27"),
    *("syntax", "match", "where", "time", "field", "form", "pick", "any", "join", "sum", "unit", "null", "else", "map"),
    *(
        "(?P<a>",
        "(a)",
        "(?=a)",
        "a++",
        "[^",
        "\\d",
        "%Q",
        "%",
        "previous",
        "none",
        "@time",
        "weak",
        "restart",
        "*",
        "0",
    ),
)
_LINES = [b'{"t":1,"a":{"b":"c"}}', b"t=1 a=b", b"1,2,3", b"", b"2026-02-03T10:00:00Z in r-1", b"{", b"#Fields: a b"]


def make(chance: Random) -> Batch:
    """Some texts: profiles of the catalogue and made-up ones, most of them spoilt."""
    registry = Registry(())
    names = registry.names()
    pieces = []
    for _ in range(120):
        profile = registry.get(chance.choice(names)) if chance.random() < 0.5 else profile_of(made(chance).table)
        text = profile_to_toml.text(profile)
        for _ in range(chance.choice((0, 1, 1, 2, 5))):
            text = _spoilt(text, chance)
        pieces.append(text)
    return Batch(pieces)


def _spoilt(text: str, chance: Random) -> str:
    """The text with a line twice, left out, or elsewhere, with a word in place of another, or with broken characters."""
    lines = text.split("\n")
    kind = chance.choice(("twice", "drop", "move", "word", "word", "word", "text"))
    at = chance.randrange(len(lines))
    if kind == "text":
        return mutated_text(text, chance, list(_PIECES))
    if kind == "word":
        words = lines[at].split(" ")
        words[chance.randrange(len(words))] = chance.choice(
            (chance.choice(_PIECES), chance.choice(text.split() or [""]))
        )
        lines[at] = " ".join(words)
    elif kind == "twice":
        lines.insert(chance.randrange(len(lines)), lines[at])
    elif kind == "drop":
        del lines[at]
    else:
        lines.insert(chance.randrange(len(lines)), lines.pop(at))
    return "\n".join(lines)


def check(batch: Batch) -> list[str]:
    """Where an error is no short line, a profile does not read back, or reading by it fails."""
    found = []
    for number, text in enumerate(batch.pieces):
        try:
            read = profile_toml.read(text, "x.toml")
        except UsageError as error:
            said = str(error)
            if "\n" in said or len(said) > _LONGEST or not said.isprintable():
                found.append(f"error {said!r} of {text!r}")
            continue
        for name, profile in read.items():
            again = profile_toml.read(profile_to_toml.text(profile), "x.toml")
            if again != {name: profile}:
                found.append(f"{text!r} becomes {profile_to_toml.text(profile)!r}")
            found += _reads(profile) if number % _READ_EVERY == 0 else []
    return found


def _reads(profile: Profile) -> list[str]:
    """Where both executors differ on lines of any kind."""
    try:
        usable = profile_checks.usable(profile, wrapper_gives_time=False)
    except UsageError:
        return []
    options = ReadOptions(date="2026-02-03")
    content = b"\n".join([*_LINES, b""])
    by_kernels = engine_reading(usable, [content], options)
    with careful():
        return differences(
            by_kernels, engine_reading(usable, [content], options), _LINES, profile_to_toml.text(profile)
        )


TARGET = Target("profiles", make, check)
