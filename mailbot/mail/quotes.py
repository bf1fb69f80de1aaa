"""Takes the text of a message apart: what its writer wrote, and what they quote; in Russian and English, by structure first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Literal, NamedTuple

from mailbot.hiring.model import Exchange, Reply
from mailbot.mail import quotemarks
from mailbot.mail.html import to_text

_Role = Literal["own", "quote", "mark", "blank"]
#: A quotation that short, with an answer beneath, is an answered question; a longer one alone is a whole letter with the answer at its end.
_SHORT_QUOTE = 3
#: A signature is no longer than that; what is, is text.
_SIGNATURE_LINES = 10
#: A quoted line that long may have been wrapped by a mail program, its rest standing without a mark.
_WRAPPED = 60


class _Line(NamedTuple):
    role: _Role
    text: str


class _Passage(NamedTuple):
    quoted: bool
    text: str


def split(text: str, html: str = "") -> Reply:
    """What is new and what is quoted in a message with this text and, if it has one, this HTML side.

    The HTML side is looked at first, because its quotations are marked where plain text of Outlook, Mail.ru and Yandex has none (measured);
    the text if there is no HTML or nothing in it is quoted. Where nothing would be left, the new text is the whole. Never raises.
    """
    by_text = _split(text)
    if html.strip():
        by_html = _split(to_text(html, quotes=True))
        if by_html.new_text and (by_html.quoted or not by_text.quoted):
            return by_html
    return by_text


def _split(text: str) -> Reply:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\xa0", " ").split("\n")]
    passages = tuple(_passages(_roles(lines)))
    new_text = "\n\n".join(passage.text for passage in passages if not passage.quoted)
    quoted = tuple(passage.text for passage in passages if passage.quoted)
    exchanges = _exchanges(passages)
    if not new_text or (quoted and not exchanges and quotemarks.answers_within(new_text)):
        return Reply(new_text=text.strip("\n").rstrip())
    return Reply(new_text=new_text, quoted=quoted, exchanges=exchanges)


def _roles(lines: Sequence[str]) -> list[_Line]:
    """Every line with the part it plays; a "mark" is what a mail program wrote, and belongs to nobody's text."""
    out: list[_Line] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        if not line.strip():
            out.append(_Line("blank", ""))
            position += 1
        elif quotemarks.is_quoted(line):
            out.append(_Line("quote", quotemarks.without_marks(line)))
            position += 1
        elif length := quotemarks.header_length(lines, position):
            after = position + length
            marked = _next_is_quoted(lines, after)
            out.extend(_Line("mark", "") for _ in range(length))
            if not marked:
                # Outlook, Mail.ru and Yandex mark nothing: all that follows is the quotation.
                out.extend(_Line("quote", quotemarks.without_marks(line)) for line in lines[after:])
                return out
            position = after
        elif quotemarks.is_device_line(line) or (quotemarks.is_rule(line) and _header_follows(lines, position + 1)):
            out.append(_Line("mark", ""))
            position += 1
        elif length := _signature_length(lines, position):
            out.extend(_Line("mark", "") for _ in range(length))
            position += length
        elif _is_wrapped_rest(lines, position):
            out.append(_Line("quote", line.strip()))
            position += 1
        else:
            out.append(_Line("own", line))
            position += 1
    return out


def _next_is_quoted(lines: Sequence[str], position: int) -> bool:
    while position < len(lines) and not lines[position].strip():
        position += 1
    return position < len(lines) and quotemarks.is_quoted(lines[position])


def _header_follows(lines: Sequence[str], position: int) -> bool:
    while position < len(lines) and not lines[position].strip():
        position += 1
    return position < len(lines) and (quotemarks.header_length(lines, position) > 0)


def _signature_length(lines: Sequence[str], position: int) -> int:
    """How many lines from `position` are a signature that begins with "-- " (RFC 3676 section 4.3), 0 if none; a quotation ends it."""
    if not quotemarks.begins_signature(lines[position]):
        return 0
    written = 0
    for end in range(position + 1, len(lines)):
        line = lines[end]
        if not line.strip():
            continue
        if quotemarks.is_quoted(line) or quotemarks.header_length(lines, end):
            return end - position
        if quotemarks.is_rule(line) and _header_follows(lines, end + 1):
            return end - position
        written += 1
        if written > _SIGNATURE_LINES:
            return 0
    return len(lines) - position


def _is_wrapped_rest(lines: Sequence[str], position: int) -> bool:
    """Whether this line is the rest of a quoted line that a mail program wrapped: it goes on between two of them."""
    if not 0 < position < len(lines) - 1:
        return False
    before, line, after = lines[position - 1], lines[position].strip(), lines[position + 1]
    return (
        quotemarks.is_quoted(before)
        and quotemarks.is_quoted(after)
        and len(before) >= _WRAPPED
        and before.rstrip()[-1:] not in set(".?!:;")
        and line[:1].islower()
    )


def _passages(lines: Sequence[_Line]) -> Iterator[_Passage]:
    """The text as own and quoted passages in turn; blank lines belong to the passage they stand in."""
    speaking = [line for line in lines if line.role != "mark"]
    current = False
    told: list[tuple[bool, str]] = []
    for line in speaking:
        if line.role != "blank":
            current = line.role == "quote"
        told.append((current, line.text))
    for quoted, group in groupby(told, key=lambda pair: pair[0]):
        written = _tidy([text for _, text in group], quoted=quoted)
        if written:
            yield _Passage(quoted, written)


def _tidy(lines: Sequence[str], *, quoted: bool) -> str:
    if quoted:
        # A quotation of ours begins with the line that says who wrote it; Apple puts it within the marks.
        kept: list[str] = []
        position = 0
        while position < len(lines):
            length = quotemarks.header_length(lines, position) if lines[position].strip() else 0
            if not length:
                kept.append(lines[position])
            position += length or 1
        lines = kept
    return "\n".join(lines).strip("\n")


def _exchanges(passages: Sequence[_Passage]) -> tuple[Exchange, ...]:
    """The answers with the quotations they stand beneath; none for a letter written above or below one whole quotation."""
    pairs = [
        (number, Exchange(quote=passage.text, answer=answer.text))
        for number, (passage, answer) in enumerate(pairwise(passages))
        if passage.quoted and not answer.quoted
    ]
    if len(pairs) == 1:
        number, exchange = pairs[0]
        short = sum(1 for line in exchange.quote.split("\n") if line.strip()) <= _SHORT_QUOTE
        if not short and number + 2 == len(passages):
            return ()
    return tuple(exchange for _, exchange in pairs)
