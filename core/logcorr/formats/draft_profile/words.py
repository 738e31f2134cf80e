"""Words of logs that tell how something ended, and the status codes for them."""

import re

# The first that is found in the text of a line counts.
_CODES = (
    (re.compile(r"time.?limit|time[d_ -]*out|deadline", re.IGNORECASE), 504),
    (re.compile(r"retry|retried|again", re.IGNORECASE), 503),
    (re.compile(r"cancel|revoked|abort|discard|disconnect|client left", re.IGNORECASE), 499),
    (re.compile(r"not.?found|routing.?error|unknown (?:path|route)", re.IGNORECASE), 404),
    (re.compile(r"denied|forbidden|not allowed", re.IGNORECASE), 403),
    (re.compile(r"unauthor|credentials", re.IGNORECASE), 401),
    (re.compile(r"fail|error|exception|raised|rejected|fatal|panic|crash", re.IGNORECASE), 500),
)


def status_of(text: str) -> int:
    """The status code for a text that says how an exchange ended; 200 where nothing in it tells of a failure."""
    return next((code for pattern, code in _CODES if pattern.search(text)), 200)
