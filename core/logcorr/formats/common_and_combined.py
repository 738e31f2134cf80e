r"""Lines of the common and the combined log format → the texts of their fields.

    host ident user [time] "request" status bytes ["referer" "user agent" [anything]]

Apache httpd and nginx write these formats. One rule reads both formats, so a line is never refused because it is of the
other format:

- One blank separates two fields. The host does not begin with a BOM. The user may have blanks, as Apache writes the
  name that a client sent. The user does not begin with `- `: this happens where a virtual host stands before the host.
  A line with a virtual host is no exchange, as its requests would be counted for the virtual host.
- In quotes, a character after a backslash does not end the text. `\"` and `\\` are unescaped. Other escapes (`\x16`,
  `\t`) stay as they are written, so that they can be searched for in the log.
- The request is METHOD TARGET PROTOCOL. The target is everything between the method and the protocol, with blanks, as
  old servers allow blanks there. Without a protocol (HTTP/0.9) the target has no blanks. Any other text, such as `-`,
  nothing, or the bytes of a TLS handshake, is an exchange without method and endpoint.
- After the size of the response anything may follow. Two texts in quotes directly after it are the referer and the user
  agent.
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


def split_fields(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Adds the texts of the fields of column `line`: ip, stamp, method, endpoint, status, duration, user_agent.

    All are null if the line is of neither format. `agent` is the user agent as it is written. duration is always null.
    """
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
    """Method and target of a request line, for example `GET /x HTTP/1.1`; both null for any other text."""
    part = line.str.extract_groups(_REQUEST).struct
    return part.field("1"), pl.coalesce(part.field("2"), part.field("3"))


def instants(stamp: pl.Expr) -> pl.Expr:
    """Instants (Int64, µs) of texts in the form of `10/Oct/2000:13:55:36 -0700`; null for any other text."""
    sound = pl.when(stamp.str.contains(_STAMP)).then(stamp)
    return sound.str.to_datetime("%d/%b/%Y:%H:%M:%S %z", time_unit="us", strict=False, cache=True).to_physical()


def _unescaped(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains("\\", literal=True)).then(text.str.replace_all(r'\\(["\\])', "$1")).otherwise(text)
