"""The tokens of a server's configuration line → a profile of one rule, whose lines are exchanges.

A line of text becomes a pattern with named groups. A template of a JSON object becomes paths of keys.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from logcorr.formats.profile import Condition, Duration, Field, Profile, Rule, Status, Time
from logcorr.formats.server_lines.variables import Token, Variable, merged
from logcorr.model.errors import UsageError

BUILT_IN = "built in"
_QUOTED = r'(?:[^"\\]|\\.)*'
# What a character of a request line is, and one that is no blank, by the shape of the whole text.
_CHARACTERS = {_QUOTED: (r'(?:[^"\\]|\\.)', r'(?:[^"\\ \t]|\\.)'), '[^"]*': ('[^"]', r'[^" \t]')}
# Variables for the method or the target alone go before those of a request line.
_BEHIND = 10
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$#&\-~/])")
_PLAIN = re.compile(r"[#&\-~/]")
# A request line is METHOD TARGET PROTOCOL. Old servers allow blanks in the target. HTTP/0.9 has no protocol.
_METHOD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PROTOCOL = r"[A-Z]+/[0-9]+(?:\.[0-9]+)?"
# From a request line at a path: what stands at a path is no part of the line's pattern.
PICK_METHOD = rf"^[ \t]*({_METHOD})[ \t]+(?:(?:.*[ \t])?{PROTOCOL}|[^ \t]+)[ \t]*$"
PICK_TARGET = rf"^[ \t]*{_METHOD}[ \t]+([^ \t].*?)[ \t]+{PROTOCOL}[ \t]*$"
PICK_BARE_TARGET = rf"^[ \t]*{_METHOD}[ \t]+((?:[^A-Z \t]|[A-Z]+[^A-Z/ \t])[^ \t]*)[ \t]*$"


class Read(msgspec.Struct, frozen=True):
    """A variable and the field that its text is read from."""

    variable: Variable
    field: Field


def text_profile(name: str, tokens: Sequence[Token], *, escapes: bool = True) -> Profile:
    """The profile of lines of text. `escapes` tells whether the server escapes quotes within quotes."""
    pattern, groups = line_pattern(merged(tokens), escapes=escapes)
    reads = [Read(variable, Field(path=group, pick=variable.pick)) for group, variable in groups.items()]
    return _profile(name, reads, match=pattern)


def json_profile(name: str, template: dict[str, Any], tokens_of: Callable[[str], Sequence[Token]]) -> Profile:
    """The profile of lines that are JSON objects. The texts in `template` hold variables, which `tokens_of` tells."""
    reads = [read for path, text in _leaves(template, ()) for read in _leaf(path, merged(tokens_of(text)))]
    return _profile(name, reads, match=None)


def line_pattern(tokens: Sequence[Token], *, escapes: bool = True) -> tuple[str, dict[str, Variable]]:
    """The pattern of a whole line, and the variable of each of its groups."""
    groups: dict[str, Variable] = {}
    pattern = "^"
    for k, token in enumerate(tokens):
        if isinstance(token, str):
            pattern += literal(token)
            continue
        before, behind = tokens[k - 1] if k else "", tokens[k + 1] if k + 1 < len(tokens) else None
        shape = _shape(token, before, behind, _QUOTED if escapes else ".*?")
        if token.role == "request":
            pattern += token.whole.format(_request(token, shape, groups))
        else:
            pattern += token.whole.format(_group(token, shape, groups))
    return f"{pattern}\\s*$", groups


def _group(variable: Variable, shape: str, groups: dict[str, Variable]) -> str:
    """The group of a variable, which is added to the groups; a group without a name where the variable has none."""
    name = _group_name(variable.name, groups)
    if not name:
        return f"(?:{shape})"
    groups[name] = variable
    return f"(?P<{name}>{shape})"


def _request(variable: Variable, shape: str, groups: dict[str, Variable]) -> str:
    return request_pattern(groups, shape, variable.rank + _BEHIND)


def request_pattern(groups: dict[str, Variable], shape: str = _QUOTED, rank: int = _BEHIND) -> str:
    """The pattern of a request line, which adds the groups of method and target.

    Any other text, as of a broken request, fits too and has neither. `shape` is the pattern of any text there.
    """
    char, solid = _CHARACTERS.get(shape, (".", r"[^ \t]"))
    method = Variable(name="method", role="method", rank=rank)
    target = Variable(name="target", role="endpoint", rank=rank)
    bare = Variable(name="bare_target", role="bare_endpoint", rank=rank)
    texts = (_group(method, _METHOD, groups), _group(target, f"{char}+?", groups), _group(bare, f"{solid}+", groups))
    return rf"(?:[ \t]*{texts[0]}[ \t]+(?:(?:{texts[1]}[ \t]+)?{PROTOCOL}|{texts[2]})[ \t]*|{shape})"


def literal(text: str) -> str:
    """A pattern for exactly this text."""
    escaped = _SPECIAL.sub(lambda found: found[1] if _PLAIN.fullmatch(found[1]) else f"\\{found[1]}", text)
    return escaped.replace("\t", "\\t")


def _shape(variable: Variable, before: Token, behind: Token | None, quoted: str) -> str:
    """The pattern of a variable's text: up to what comes next, or as the variable's text always is."""
    opening = before[-1:] if isinstance(before, str) else ""
    closing = behind[:1] if isinstance(behind, str) else ""
    if opening == '"' and closing == '"':
        return quoted
    if opening == "[" and closing == "]":
        return r"[^\]]*"
    if variable.shape:
        return variable.shape
    return ".*" if behind is None else ".*?"


def _group_name(name: str, taken: dict[str, Variable]) -> str:
    """A name for a group that is not taken yet; empty for a variable without a name."""
    bare = re.sub(r"\W", "_", name, flags=re.ASCII).strip("_").lower()
    if not bare:
        return ""
    bare = bare if bare[0].isalpha() else f"v_{bare}"
    numbers = (f"{bare}_{number}" for number in range(2, len(taken) + 3))
    return next(group for group in (bare, *numbers) if group not in taken)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The paths and texts of all texts in a template."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for k, inner in enumerate(value):
            yield from _leaves(inner, (*path, str(k)))
    elif isinstance(value, str):
        yield ".".join(path), value


def _leaf(path: str, tokens: list[Token]) -> Iterator[Read]:
    """What is read from one text of a template: all of it, or parts of it where it holds several tokens."""
    variables = [token for token in tokens if isinstance(token, Variable)]
    if len(tokens) == 1:
        yield from (Read(variable, Field(path=path, pick=variable.pick)) for variable in variables)
        return
    for wanted in variables:
        if wanted.role and wanted.role != "request" and wanted.pick is None:
            others = [token if token is wanted or isinstance(token, str) else _unnamed(token) for token in tokens]
            pattern, groups = line_pattern(others)
            if len(groups) == 1:
                yield Read(wanted, Field(path=path, pick=pattern))


def _unnamed(variable: Variable) -> Variable:
    return msgspec.structs.replace(variable, name="")


def _profile(name: str, reads: Sequence[Read], *, match: str | None) -> Profile:
    """The profile whose fields are read so. A role that no variable has is not read."""
    best: dict[str, Read] = {}
    for read in reads:
        role = read.variable.role
        if role and (role not in best or read.variable.rank < best[role].variable.rank):
            best[role] = read
    if not best:
        raise UsageError(
            f"the format {name.partition(':')[0]!r} names no variable that is known. Write its whole line."
        )
    fields = {role: read.field for role, read in best.items()}
    status = Status(field=fields["status"], null_is_none=True) if "status" in fields else None
    method, endpoint = fields.get("method"), fields.get("endpoint")
    if "request" in fields:
        path = fields["request"].path
        method = method or Field(path=path, pick=PICK_METHOD)
        targets = Field(path=path, pick=PICK_TARGET), Field(path=path, pick=PICK_BARE_TARGET)
        endpoint = endpoint or Field(any_of=targets)
    elif "bare_endpoint" in best and best["endpoint"].variable.rank == best["bare_endpoint"].variable.rank:
        endpoint = Field(any_of=(fields["endpoint"], fields["bare_endpoint"]))
    time = _time(best.get("time"))
    rule = Rule(
        event="exchange",
        match=match,
        where=_where(time, fields) if match is None else (),
        status=status,
        duration=_duration(reads),
        user=fields.get("user"),
        endpoint=endpoint,
        method=method,
        ip=fields.get("ip"),
        user_agent=fields.get("user_agent"),
    )
    return Profile(name=name, origin=BUILT_IN, syntax="json" if match is None else "text", time=time, rules=(rule,))


def _where(time: Time | None, fields: dict[str, Field]) -> tuple[Condition, ...]:
    """A JSON object that lacks the time, or else the status, is no line of this format."""
    needed = time.field if time is not None else fields.get("status")
    return () if needed is None else (Condition(path=needed.path, exists=True),)


def _time(read: Read | None) -> Time | None:
    return None if read is None else Time(field=read.field, form=read.variable.form, at=read.variable.at)


def _duration(reads: Sequence[Read]) -> Duration | None:
    """The duration of the lowest rank; several of the same rank are parts of one, which are added up."""
    timed = [read for read in reads if read.variable.role == "duration"]
    if not timed:
        return None
    rank = min(read.variable.rank for read in timed)
    parts = {read.variable.name: read for read in timed if read.variable.rank == rank}
    unit = next(iter(parts.values())).variable.unit
    fields = tuple(read.field for read in parts.values())
    return Duration(field=fields[0], unit=unit) if len(fields) == 1 else Duration(sum_of=fields, unit=unit)
