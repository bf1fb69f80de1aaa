"""Turns the HTML of a stranger into plain text: hidden text left out, quotations marked with "> ", in time that grows with its length."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

from mailbot.mail import charsets

#: What is read of one HTML side, in characters; more than any letter needs.
_LIMIT = 1_000_000
#: How deep quotations are told apart.
_QUOTE_LEVELS = 5
#: How far an end tag of a word looks for its beginning.
_REACH = 50

_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_SILENT = frozenset("head script style title template noscript object applet audio video canvas svg math select textarea".split())
_BLOCKS = frozenset(
    """
    address article aside blockquote body center dd details div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header html
    li main nav ol p pre section table tbody tfoot thead tr ul
    """.split()
)
#: Elements with an empty line before and after them.
_PARAGRAPHS = frozenset("blockquote h1 h2 h3 h4 h5 h6 ol p pre table ul".split())
#: Elements that end where the next of their kind begins.
_SELF_CLOSING = frozenset({"li", "p", "td", "th", "tr", "dd", "dt"})

#: Classes and ids of elements that hold what is quoted; mail that passed Outlook has "x_" before them.
_QUOTING = re.compile(
    r"\b(?:x_)*(?:gmail_attr|moz-cite-prefix|yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra|ms-outlook-mobile-reference-message"
    r"|mail-editor-reference-message-container|OLK_SRC_BODY_SECTION)\b"
)
#: Ids of elements after which all is quoted (Outlook on the web, on phones and on Windows).
_CUTTING = re.compile(r"\b(?:x_)*(?:divRplyFwdMsg|appendonsend|stopSpelling)\b")
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?:\.0+)?(?:px|pt|em|%)?\s*(?:;|!|$)", re.IGNORECASE
)
#: Gmail and Outlook indent with a blockquote that has no border.
_INDENT = re.compile(r"border(?:-left)?\s*:\s*(?:none|0)", re.IGNORECASE)
_BAR = re.compile(r"border-left(?:-width|-style)?\s*:\s*(?!none|0)", re.IGNORECASE)
_TIGHT = re.compile(r"margin(?:-top|-bottom)?\s*:\s*0(?!\.)", re.IGNORECASE)
_KEPT_BLANKS = re.compile(r"white-space\s*:\s*pre", re.IGNORECASE)
_DATA_URI = re.compile(r"data:[^\"'<>\s)]*")
_DECLARATION = re.compile(r"<[!?][^<>]*>")
_LONE_BRACKET = re.compile(r"<(?![^<>]*>)")
#: A tag that long holds no attribute that matters.
_LONG_TAG = re.compile(r"<(/?[A-Za-z][A-Za-z0-9]{0,20})\b[^<>]{10000,}>")
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_WEB = re.compile(r"(?:https?|tg)://[^\s<>()]{1,500}", re.IGNORECASE)


def to_text(html: str, *, quotes: bool = False) -> str:
    """The text of `html` as a person would see it: one line a block, list items numbered or dashed, hidden elements left out.

    With `quotes`, lines of a quotation begin with "> ", by the structure in which mail programs put it. A link is followed by its address
    in brackets where that is not its text. Reads one million characters at most; never raises.
    """
    walker = _Walker(quotes)
    walker.feed(_tamed(html))
    walker.close()
    return walker.text()


def _tamed(html: str) -> str:
    """`html` without what html.parser needs quadratic time for (measured: minutes for 1 MB of "<!--" or "<a "), and not too long."""
    pieces: list[str] = []
    position = 0
    while (start := html.find("<!--", position)) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        pieces.append(html[position:start])
        position = end + 3
    rest = _DATA_URI.sub("", "".join(pieces) + html[position:].replace("<!--", ""))
    # What is left of "<!" and "<?" is a conditional of Outlook, a doctype or damage: the tag goes, the text stays.
    rest = _DECLARATION.sub("", rest)[:_LIMIT].replace("\x00", "")
    return _LONG_TAG.sub(r"<\1>", _LONE_BRACKET.sub("&lt;", rest))


class _Element:
    """An open element and what it does to the text in it."""

    __slots__ = ("hides", "keeps_blanks", "quotes", "tag")

    def __init__(self, tag: str, *, hides: bool, quotes: bool, keeps_blanks: bool) -> None:
        self.tag = tag
        self.hides = hides
        self.quotes = quotes
        self.keeps_blanks = keeps_blanks


class _Walker(HTMLParser):
    """Collects lines while html.parser walks."""

    def __init__(self, quotes: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._mark_quotes = quotes
        self._lines: list[str] = []
        self._line: list[str] = []
        self._open: list[_Element] = []
        self._count: Counter[str] = Counter()
        self._hidden = 0
        self._depth = 0
        self._keeping = 0
        self._cut = False
        self._numbers: list[int | None] = []
        self._link = ""
        self._link_text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs[:100]}
        style = given.get("style", "")
        if tag == "body":
            # A head that is never closed hides no letter.
            while self._hidden:
                self._pop()
        if tag == "br":
            self._end_line(force=True)
        elif tag in _BLOCKS:
            self._begin_block(tag, given, style)
        elif tag in {"td", "th"} and self._line:
            self._line.append(" ")
        if self._mark_quotes and _CUTTING.search(f"{given.get('id', '')} {given.get('class', '')}"):
            self._end_line()
            self._cut = True
        if tag in _VOID:
            return
        if tag in _SELF_CLOSING and self._open and self._open[-1].tag == tag:
            self._pop()
        element = _Element(
            tag,
            hides=tag in _SILENT or "hidden" in given or bool(_HIDDEN.search(style)),
            quotes=_is_quotation(tag, given, style),
            keeps_blanks=tag == "pre" or bool(_KEPT_BLANKS.search(style)),
        )
        if element.quotes:
            self._end_line()
        self._push(element)
        if tag == "a":
            self._link, self._link_text = given.get("href", "").strip(), []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # "<p/>" and "<div/>" are start tags in HTML; only XML would end them here.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if tag == "a":
            self._end_link()
        if tag in _BLOCKS:
            self._end_line()
            if tag in _PARAGRAPHS:
                self._empty_line()
        if tag in {"ol", "ul"} and self._numbers:
            self._numbers.pop()
        if self._reaches(tag):
            while self._pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._link:
            self._link_text.append(data)
        if not self._keeping:
            self._line.append(data)
            return
        first, *others = data.replace("\r\n", "\n").split("\n")
        self._line.append(first)
        for other in others:
            self._end_line(force=True)
            self._line.append(other)

    def text(self) -> str:
        """All lines; empty ones at most one at a time."""
        self._end_line()
        kept: list[str] = []
        for line in self._lines:
            if line.strip("> ") or (kept and kept[-1].strip("> ")):
                kept.append(line)
        while kept and not kept[-1].strip("> "):
            kept.pop()
        return "\n".join(kept)

    def _begin_block(self, tag: str, given: dict[str, str], style: str) -> None:
        self._end_line()
        if tag in _PARAGRAPHS and not (_TIGHT.search(style) or "MsoNormal" in given.get("class", "")):
            self._empty_line()
        if tag == "ol":
            start = given.get("start", "")
            self._numbers.append(int(start) if start.isdecimal() and len(start) < 5 else 1)
        elif tag == "ul":
            self._numbers.append(None)
        elif tag == "li" and not self._hidden:
            number = self._numbers[-1] if self._numbers else None
            if number is not None:
                self._numbers[-1] = number + 1
            self._line.append("- " if number is None else f"{number}. ")

    def _push(self, element: _Element) -> None:
        self._open.append(element)
        self._count[element.tag] += 1
        self._hidden += element.hides
        self._depth += element.quotes
        self._keeping += element.keeps_blanks

    def _pop(self) -> str:
        element = self._open[-1]
        if element.quotes:
            self._end_line()
        self._open.pop()
        self._count[element.tag] -= 1
        self._hidden -= element.hides
        self._depth -= element.quotes
        self._keeping -= element.keeps_blanks
        return element.tag

    def _reaches(self, tag: str) -> bool:
        """Whether the end tag `tag` ends an open element; that of a word (`b`, `span`) does not reach beyond the block it stands in."""
        if not self._count[tag]:
            return False
        if tag in _BLOCKS or tag in _SILENT:
            return True
        for element in self._open[: -_REACH - 1 : -1]:
            if element.tag == tag:
                return True
            if element.tag in _BLOCKS:
                return False
        return False

    def _end_link(self) -> None:
        address = _WEB.match(self._link)
        shown = "".join(self._link_text)
        if address and not self._hidden and shown.strip() and address[0].partition("://")[2].rstrip("/") not in shown:
            self._line.append(f" ({address[0]})")
        self._link, self._link_text = "", []

    def _end_line(self, *, force: bool = False) -> None:
        if not self._line and not force:
            return
        line = "".join(self._line)
        self._line = []
        line = line.rstrip() if self._keeping else _BLANKS.sub(" ", line).strip(" ")
        self._add(charsets.clean(line).replace("\xa0", " ").rstrip())

    def _empty_line(self) -> None:
        if self._lines and self._lines[-1].strip("> "):
            self._add("")

    def _add(self, line: str) -> None:
        depth = min(self._depth + self._cut, _QUOTE_LEVELS) if self._mark_quotes else 0
        self._lines.append(("> " * depth + line).rstrip() if depth else line)


def _is_quotation(tag: str, given: dict[str, str], style: str) -> bool:
    names = f"{given.get('id', '')} {given.get('class', '')}"
    if tag == "blockquote":
        return "cite" in given.get("type", "") or "gmail_quote" in names or not _INDENT.search(style) or bool(_BAR.search(style))
    return bool(_QUOTING.search(names))
