r"""Lines of the common and the combined log format → their parts as text.

    host ident user [time] "request" status bytes ["referer" "user agent" [anything]]

Apache httpd, nginx and those who copy them write these; both formats are read by one rule, so the wrong one of the two
is never a reason to refuse a line:

- Fields are parted by one blank. The host does not begin with a BOM. The user may hold blanks, as Apache writes the
  name that a client gave; it does not begin with `- `, which is what stands there where a virtual host comes before the
  host: such a line is no exchange, as its requests would be counted for the virtual host.
- In quotes, a backslash keeps the next character from ending the text. `\"` and `\\` are read as what they stand for;
  other escapes (`\x16`, `\t`) stay as they are written, for whoever searches the log for them.
- The request is METHOD TARGET PROTOCOL. Its target is all between the method and the protocol, blanks too, as old
  servers let them through; without a protocol (HTTP/0.9) it holds none. What is nothing of the kind has neither method
  nor endpoint, but is an exchange all the same: `-`, an empty text, the bytes of a TLS handshake.
- Behind the size anything may stand. Only two texts in quotes right there are the referer and the user agent.
"""

import polars as pl

_TEXT = r'"((?:[^"\\]|\\.)*)"'
_USER = r"(?:|-|-[^ \t].*?|[^-].*?)"
_LINE = (
    rf"^[ \t]*([^ \t\ufeff][^ \t]*) [^ \t]+ {_USER} \[([^\]]*)\] {_TEXT} ([^ \t]+) [^ \t]+"
    rf"(?: {_TEXT} {_TEXT}(?:[ \t].*)?$|[ \t].*$|$)"
)
_REQUEST = (
    r"^[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)"
    r"(?:(?:[ \t]+((?s:.)*?))?[ \t]+[A-Z]+/[0-9]+(?:\.[0-9]+)?|[ \t]+([^ \t]+))[ \t]*$"
)
_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_STAMP = rf"^[0-9]{{2}}/[A-Z][a-z]{{2}}/{_YEAR}:[0-9]{{2}}:[0-5][0-9]:[0-5][0-9] [+-][0-9]{{4}}$"


def parts(lines: pl.LazyFrame) -> pl.LazyFrame:
    """The column `line` → ip, stamp, method, endpoint, status, duration (always null), user_agent; or all null."""
    part = pl.col("line").str.extract_groups(_LINE).struct
    split = lines.with_columns(
        part.field("1").alias("ip"),
        part.field("2").alias("stamp"),
        part.field("3").alias("asked"),
        part.field("4").alias("status"),
        part.field("6").alias("agent"),
        duration=pl.lit(None, pl.String),
    )
    method, target = request(pl.col("asked"))
    return split.with_columns(method=method, endpoint=_unescaped(target), user_agent=_unescaped(pl.col("agent")))


def request(line: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Method and target of a request line such as `GET /x HTTP/1.1`."""
    part = line.str.extract_groups(_REQUEST).struct
    return part.field("1"), pl.coalesce(part.field("2"), part.field("3"))


def instants(stamp: pl.Expr) -> pl.Expr:
    """Instants (Int64, µs) of texts such as `10/Oct/2000:13:55:36 -0700`; null for all others."""
    sound = pl.when(stamp.str.contains(_STAMP)).then(stamp)
    return sound.str.to_datetime("%d/%b/%Y:%H:%M:%S %z", time_unit="us", strict=False, cache=True).to_physical()


def _unescaped(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains("\\", literal=True)).then(text.str.replace_all(r'\\(["\\])', "$1")).otherwise(text)
