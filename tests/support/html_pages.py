"""What tests ask of a page of HTML: its elements, its texts, its policy, and that it loads nothing."""

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import msgspec

# Every element that a page may have. None of them loads anything without an attribute that a page never has.
KNOWN = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "a",
        "header",
        "div",
        "p",
        "span",
        "h1",
        "h2",
        "h3",
        "small",
        "button",
        "nav",
        "ul",
        "li",
        "main",
        "section",
        "dl",
        "dt",
        "dd",
        "svg",
        "path",
        "rect",
        "text",
        "article",
        "figure",
        "details",
        "summary",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "b",
        "footer",
        "script",
    ]
)
_VOID = {"meta", "path", "rect"}
# Attributes that load, send, or run something.
_LOADING = {
    "src",
    "srcset",
    "srcdoc",
    "action",
    "formaction",
    "data",
    "poster",
    "background",
    "ping",
    "style",
    "xlink:href",
}

# Texts that try to become HTML. Where one of them runs, it sets `hacked`, or asks for something of another machine.
PAYLOADS = (
    "</script><script>window.hacked=1</script>",
    "<!--<script>window.hacked=2",
    "--></style></title></table><img src=x onerror=window.hacked=3>",
    '" onmouseover="window.hacked=4" autofocus onfocus="window.hacked=4" x="',
    "'><svg/onload=window.hacked=5>",
    "<iframe srcdoc='<script>parent.hacked=6</script>'></iframe>",
    "<img src=//x.invalid/7.png><link rel=stylesheet href=//x.invalid/7.css>",
    "<meta http-equiv=refresh content=0;url=//x.invalid/8>",
    "<base href=//x.invalid/><a href=javascript:window.hacked=9>here</a>",
    "{{ 7 * 191 }}{% for x in y %}${7*191}",
    "&lt;script&gt;window.hacked=10&lt;/script&gt;&#60;b&#62;",
    "]]><![CDATA[<style>*{background:url(//x.invalid/11)}</style>",
    "\u202e\u2066\x00\x1b]0;x\x07\u200b\ufeff\x9b\u2028<b>",
)


class Parsed(HTMLParser):
    """A page, taken apart: its tags with their attributes, and the text within elements of each tag."""

    def __init__(self, html: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.comments: list[str] = []
        self._open: list[str] = []
        self.feed(html.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]][-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def counts(self) -> Counter[str]:
        """How often each tag occurs."""
        return Counter(tag for tag, _ in self.tags)

    @property
    def text(self) -> str:
        """The text of all elements but script and style."""
        return "\n".join(text for tag, texts in self.texts.items() if tag not in ("script", "style") for text in texts)

    @property
    def data(self) -> Any:
        """What the page gives to its script."""
        return msgspec.json.decode(self.texts["script"][0])

    @property
    def policy(self) -> dict[str, str]:
        """The policy of the page, by directive."""
        words = next(a["content"] for tag, a in self.tags if a.get("http-equiv") == "Content-Security-Policy")
        assert words is not None
        return {name: value for name, _, value in (part.strip().partition(" ") for part in words.split(";"))}


def faults(html: bytes) -> list[str]:
    """What is wrong with a page: anything that loads or runs but what its policy names by its hash."""
    page = Parsed(html)
    found = [f"unknown element {tag}" for tag in page.counts if tag not in KNOWN]
    for tag, attributes in page.tags:
        found += [f"{name} at {tag}" for name in attributes if name in _LOADING or name.startswith("on")]
        href = attributes.get("href")
        found += [f"href {href}"] if href is not None and not re.fullmatch(r"#[a-z-]+", href) else []
    found += [f"comment {text[:40]}" for text in page.comments]
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    if [one.get("type") for one in scripts] != ["application/json", None]:
        found.append(f"scripts {scripts}")
    hashes = {"style-src": page.texts["style"], "script-src": page.texts["script"][1:]}
    for directive, (text, *others) in hashes.items():
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        if others or page.policy.get(directive) != f"'sha256-{digest}'":
            found.append(f"{directive} {page.policy.get(directive)}")
    for directive in ("default-src", "base-uri", "form-action"):
        if page.policy.get(directive) != "'none'":
            found.append(f"{directive} {page.policy.get(directive)}")
    return found
