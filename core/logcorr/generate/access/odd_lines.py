"""Templates of the uncommon lines of a generated access log: valid lines, incomplete lines, and malformed lines.

Capital letters in braces stand for texts of the line. {V} is its timestamp, {C} its status code, {N} its response time
in whole ms, and {F} the three digits after the ms. {M}, {E}, {S}, {I}, {D} and {U} are fields, each with a comma and
its key before it. {R} is all fields but {S}.
"""

LAYOUTS = (
    '{"timestamp":"{V}"{M}{E}{S}{I}{D}{U}}',
    '{"v":1{U}{D}{I}{S}{E}{M},"timestamp":"{V}"}',
    '  {"timestamp":"{V}"{M}{E}{S}{I}{D}{U}}\t',
    '{ "timestamp" : "{V}" {M} {E} {S} {I} {D} {U} }',
    '{"host":{"name":"web-1","tags":["a",{"b":null}]},"timestamp":" {V} "{M}{E}{S}{I}{D}{U}}',
    '{"v":null,"timestamp":"{V}"{S}{M}{E},"v":null{I}{D}{U},"timestamp":"{V}"}',
    '{"\\u0074imestamp":"{V}"{M}{E}{S}{I}{D}{U},"level":"info","trace":null}',
    '{"timestamp":"{V}"{M}{E}{S}{I}{D}{U}}\r',
)
STATUS = ('"{C}"', "{C}", '" {C} "', "{C}.0", "{C}e0", '"{C}\\t"', "{C}", '"{C}"')
# The templates from FIRST_FINE to LAST_FINE have {F}, which is part of the value.
DURATION = ("{N}", "{N}", '"{N}"', "{N}.{F}", "{N}.{F}04", '"{N}.{F}"', "{N}.0", "{N}e0")
FIRST_FINE, LAST_FINE = 3, 5

# The values of a missing field. For the first, empty, the field is left out.
_GAPS = ("", "null", '""', '"-"', "{}", '[1,"2"]', '" "', '{"a":null}')
_ODD_GAPS = {"endpoint": {'" "': '"?page=2"', '{"a":null}': '" ?"'}, "response_time": {'" "': '"fast"', "{}": "1e300"}}
# Which of FIELDS an incomplete line lacks, a bit for each.
LACKING = (*(1 << place % 5 for place in range(13)), 0b01100, 0b11000, 0b11111)

# What makes a line malformed; the first reason that fits is the one it is under. Lines under NO_UTF8 are malformed
# JSON that is not UTF-8 either.
NO_UTF8 = "no utf8"
MALFORMED_LINES = {
    "json": (
        '{"timestamp":"{V}","status_code":"{C}"{R}',
        '{"timestamp":"{V}","status_code":"{C}"{R},,}',
        '[{"timestamp":"{V}","status_code":"{C}"{R}}]',
        "{V} GET /index.html {C}",
        '"{V}"',
        "{C}",
        "null",
        "{'timestamp':'{V}','status_code':'{C}'}",
        '{"timestamp":"{V}","status_code":"{C}"{R}}{"timestamp":"{V}","status_code":"{C}"{R}}',
        '{"timestamp":"{V}","status_code":"{C}","note":nan}',
        '{"timestamp":"{V}","status_code":"{C}","note":"\\ud800"}',
        '{"timestamp":"{V}","timestamp":null,"status_code":"{C}"{R}}',
        '{"status_code":"{C}","timestamp":"{V}","status_code":"none"{R}}',
        '{"timestamp":"{V}","status_code":"{C}","note":tru}',
        '{"timestamp":"{V}","status_code":"{C}","note":007}',
        '{"timestamp":"{V}" "status_code":"{C}"{R}}',
        '\ufeff\ufeff{"timestamp":"{V}","status_code":"{C}"{R}}',
        "Traceback (most recent call last):",
    ),
    "timestamp": (
        "{}",
        '{"status_code":"{C}"{R}}',
        '{"log":{"timestamp":"{V}","status_code":"{C}"{R}}}',
        *(
            '{"timestamp":' + text + ',"status_code":"{C}"{R}}'
            for text in (
                *("null", '""', "1763733600123", '"1763733600"', "true", '["{V}"]', '{"at":"{V}"}', '"yesterday"'),
                *('"2025-02-30T12:00:00Z"', '"2025-11-21T24:00:00Z"', '"2025-11-21T14:00:60Z"', '"{V}Z"'),
                *('"21/Nov/2025:14:00:00 +0000"', '"2025-11-21"', '"2025-11-21T14:00:00+24:00"'),
            )
        ),
    ),
    NO_UTF8: (
        '{"timestamp":"{V}","status_code":"{C}"{R},"note":\x01a}',
        '{"timestamp":"{V}","status_code":"{C}"{R},note:"caf\x01b"}',
        '{"timestamp":"{V}","status_code":"{C}"{R},"path":"/..\x01c..\x01c}',
        '\x01d{"timestamp":"{V}","status_code":"{C}"{R}}',
        '{"timestamp":"{V}","status_code":"{C}"{R}}\x01e',
        "\x01b",
    ),
    "status_code": (
        '{"timestamp":"{V}"{R}}',
        *(
            '{"timestamp":"{V}","status_code":' + text + "{R}}"
            for text in (
                *('"OK"', '"2000"', '"-2"', '"20x"', '"200.0"', '"2 0"', '"0x1f"', "1000", "-2", "200.5"),
                *("true", "[{C}]", '{"code":{C}}', "1e300", '"２００"'),
            )
        ),
    ),
}


def gaps(field: str) -> list[str]:
    """All texts that may stand for a missing field, with a comma and its key before them; one is empty."""
    odd = _ODD_GAPS.get(field, {})
    return [f',"{field}":{odd.get(gap, gap)}' if gap else "" for gap in _GAPS]
