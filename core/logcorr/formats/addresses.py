"""Texts of client addresses → one spelling for each client.

A list (X-Forwarded-For) gives one of its members. Ports, zone ids and brackets go. IPv6 is written as RFC 5952 says,
and an IPv4-mapped address as IPv4. What is no address stays as it is written.
"""

import ipaddress
import re
from functools import lru_cache

import polars as pl

from logcorr.formats.line_format import SPACE

_PLAIN_IPV4 = r"^(?:[1-9][0-9]{0,2}|0)(?:\.(?:[1-9][0-9]{0,2}|0)){3}$"
_BRACKETS = re.compile(r"\[([^\]]*)\](?::[0-9]*)?")
_NAME_AND_PORT = re.compile(r"([^:\s]+):[0-9]{1,5}")
FIRST, LAST = "first", "last"


def clients(texts: pl.Series, member: str = FIRST) -> pl.Series:
    """The clients (String) of texts of addresses; null where there is none.

    `member` tells which member of a list is the client: "first", "last", or a place from 1 (counted from the end where
    it is negative).
    """
    plain = texts.str.contains(_PLAIN_IPV4).fill_null(value=False)
    if plain.all():
        return texts
    left = (~plain & texts.is_not_null()).arg_true()
    distinct = texts.gather(left)
    known = {text: client(text, member) for text in distinct.unique()}
    return texts.scatter(left, distinct.replace_strict(known, return_dtype=pl.String)) if left.len() else texts


@lru_cache(maxsize=1 << 15)
def client(text: str, member: str = FIRST) -> str | None:
    """The client that a text names: see `clients`."""
    members = [part for part in (part.strip(SPACE).strip('"') for part in text.split(",")) if part and part != "-"]
    if not members:
        return None
    place = {FIRST: 0, LAST: -1}.get(member)
    if place is None:
        place = int(member) - 1 if int(member) > 0 else int(member)
    if not -len(members) <= place < len(members):
        return None
    return _spelled(members[place])


def _spelled(host: str) -> str:
    bracketed = _BRACKETS.fullmatch(host)
    bare = bracketed[1] if bracketed else host
    address = _address(bare)
    if address is None and not bracketed:
        with_port = _NAME_AND_PORT.fullmatch(host)
        bare = with_port[1] if with_port else host
        address = _address(bare)
    if address is None:
        return bare or host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
