"""The conditions of `--fail-if` as a test report in the JUnit form, which CI systems show."""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from logcorr.model.verdict import Verdict
from logcorr.text.safe import safe

_LONGEST = 2000


def junit(command: str, verdicts: Sequence[Verdict], properties: Mapping[str, str], seconds: float) -> bytes:
    """A test suite with a test case for each condition. `properties` say what was judged, `seconds` how long it took.

    A condition that holds is a failure. One that cannot be judged is skipped. Characters that XML cannot hold, or that
    a terminal obeys, are replaced.
    """
    counts = {
        "tests": str(len(verdicts)),
        "failures": str(sum(verdict.outcome == "failed" for verdict in verdicts)),
        "errors": "0",
        "skipped": str(sum(verdict.outcome == "unjudged" for verdict in verdicts)),
        "time": f"{seconds:.3f}",
    }
    root = ET.Element("testsuites", {"name": "logcorr", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": f"logcorr {command}", **counts})
    told = ET.SubElement(suite, "properties")
    for name, value in properties.items():
        ET.SubElement(told, "property", {"name": name, "value": _text(value)})
    for verdict in verdicts:
        _case(suite, command, verdict)
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _case(suite: ET.Element, command: str, verdict: Verdict) -> None:
    named = {"classname": f"logcorr.{command}", "name": _text(verdict.condition), "time": "0"}
    case = ET.SubElement(suite, "testcase", named)
    reason = _text(verdict.reason)
    if verdict.outcome == "failed":
        failure = ET.SubElement(case, "failure", {"type": "fail-if", "message": reason})
        failure.text = f"{_text(verdict.condition)}: {reason}"
    elif verdict.outcome == "unjudged":
        ET.SubElement(case, "skipped", {"message": f"cannot be judged: {reason}"})
    else:
        ET.SubElement(case, "system-out").text = reason


def _text(text: str) -> str:
    return safe(text, _LONGEST)
