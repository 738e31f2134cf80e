"""logcorr's own two line forms as profiles, one for each side.

The reader of these forms (`pair_lines`) is faster, and is used where lines have no heads and times are UTC.
"""

import tomllib
from functools import cache

from logcorr.formats import profile_toml
from logcorr.formats.profile import Profile
from logcorr.model.ledger import Side

OWN = "logcorr"
_TABLE = r"""
syntax = "text"
strict = true
time = { field = "t", form = "rfc3339" }
id = "id"
[[rule]]
event = "ignore"
match = '[^,]*[^\d,T:.+Z -][^,]*,[ \t]*(?i:request[_-]?id|id)[ \t]*(?:,|$)'
[[rule]]
event = "EVENT"
match = '[ \t]*(?P<t>[^,]*?)[ \t]*,[ \t]*(?P<id>[^,]*?)[ \t]*,[ \t]*(?P<value>[^,]*?)[ \t]*$'
"""
_VALUE = {"request": 'user = "value"', "response": 'status = { field = "value", null = "none" }'}


@cache
def own_profile(side: Side) -> Profile:
    """The profile of the lines of one side. Its reading of times is a little wider: it takes `UTC` for a zone, too."""
    table = tomllib.loads(_TABLE.replace("EVENT", side) + _VALUE[side])
    return profile_toml.read_table(OWN, table, "built in")
