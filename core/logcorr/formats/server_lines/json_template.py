"""Templates of JSON objects, as servers' configurations have them → profiles of syntax json.

A variable of a template may stand in quotes, or bare where a number is written.
"""

import json
import re
from collections.abc import Callable, Iterable

from logcorr.formats.profile import Profile
from logcorr.formats.server_lines.build import json_profile
from logcorr.formats.server_lines.variables import Token
from logcorr.model.errors import UsageError

_TEXT = r'"(?:[^"\\]|\\.)*"'
_TRAILING_COMMA = re.compile(rf"({_TEXT})|,(\s*[}}\]])")


def profile_of_json(
    name: str, template: str, variable: re.Pattern[str], tokens: Callable[[str], Iterable[Token]]
) -> Profile:
    """The profile of lines that this template writes. `variable` is the pattern of a variable, `tokens` cuts a text.

    Raises UsageError where the template is no JSON object.
    """
    bare = re.compile(rf"({_TEXT})|({variable.pattern})", re.DOTALL)
    quoted = bare.sub(lambda found: found[1] or json.dumps(found[2]), template)
    quoted = _TRAILING_COMMA.sub(lambda found: found[1] or found[2], quoted)
    try:
        table = json.loads(quoted, strict=False)
    except (ValueError, RecursionError) as error:
        server = name.partition(":")[0]
        raise UsageError(f"the format {server!r} begins like a JSON object, but is none: {error}.") from None
    return json_profile(name, table, lambda text: list(tokens(text)))
