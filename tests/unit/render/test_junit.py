"""Conditions as a test report: what a CI system reads of it."""

from xml.etree import ElementTree as ET

from logcorr.model.verdict import Verdict
from logcorr.render.junit import junit
from tests.support.hostile import MARK, PAYLOADS

VERDICTS = [
    Verdict("p99>500ms", "failed", "p99 is 612 ms"),
    Verdict("error_rate>1%", "passed", "error_rate is 0.002"),
    Verdict("p50>1ms", "unjudged", "this run has no such figure"),
]


def test_a_case_for_each_condition() -> None:
    root = ET.fromstring(junit("correlate", VERDICTS, {"run": "abc", "logs": "a & b.log"}, 1.5))
    (suite,) = root
    for counted in (root, suite):
        assert [counted.get(name) for name in ("tests", "failures", "errors", "skipped", "time")] == [
            *("3", "1", "0", "1", "1.500")
        ]
    assert {one.get("name"): one.get("value") for one in suite.iter("property")} == {"run": "abc", "logs": "a & b.log"}
    failed, passed, skipped = suite.findall("testcase")
    assert [case.get("name") for case in (failed, passed, skipped)] == ["p99>500ms", "error_rate>1%", "p50>1ms"]
    assert {case.get("classname") for case in (failed, passed, skipped)} == {"logcorr.correlate"}
    assert [(one.tag, one.get("message"), one.text) for one in failed] == [
        ("failure", "p99 is 612 ms", "p99>500ms: p99 is 612 ms")
    ]
    assert [(one.tag, one.text) for one in passed] == [("system-out", "error_rate is 0.002")]
    assert [(one.tag, one.get("message")) for one in skipped] == [
        ("skipped", "cannot be judged: this run has no such figure")
    ]


def test_hostile_texts_are_inert() -> None:
    hostile = [*PAYLOADS.values(), "]]>", "<!--", '"><x a="', "&#27;", "a\ud800b", "\ufffe"]
    for text in hostile:
        written = junit("diff", [Verdict(text, "failed", text), Verdict(text, "unjudged", text)], {"logs": text}, 0)
        root = ET.fromstring(written)
        assert [element.tag for element in root.iter()] == [
            *("testsuites", "testsuite", "properties", "property", "testcase", "failure", "testcase", "skipped")
        ]
        assert not {char for char in written.decode() if not char.isprintable() and char != "\n"}
    name = ET.fromstring(junit("diff", [Verdict(PAYLOADS["csi"], "passed", "")], {}, 0)).find(".//testcase")
    assert name is not None
    assert MARK in (name.get("name") or "")
