"""Refuses, before and after it is parsed, a message that is built to cost more than any letter is worth."""

from __future__ import annotations

import re
from email.message import Message

from mailbot.errors import BadMessage

#: Postfix stops at 100 levels; letters have three or four.
DEPTH = 50
_PARTS = 1000
#: Postfix cuts a header at 100 KB; one of 1 MB can take the parser 14 s (measured).
_HEADER_BYTES = 256 << 10
#: One field that says how a part is to be read: longer ones, or with more parameters, take the parser quadratic time.
_FIELD_BYTES = 32_000
_FIELD_PARAMETERS = 200

#: The parser keeps every line by itself, and asks each for every boundary: 9 million short ones take 900 MB and 16 s (measured). Base64 has
#: 60 to 76 letters a line, and no letter has so many short lines beside it.
_SHORT_LINES = 100_000
_LINE_BYTES = 20

_END_OF_HEADER = re.compile(rb"\r?\n\r?\n|\r\r")
_BOUNDARY = re.compile(rb"boundary(?:\*[0-9]*\*?)?[ \t]*=[ \t]*(?:\"([^\"\r\n]{1,100})|([^\s\";,]{1,100}))", re.IGNORECASE)
_FIELD = re.compile(rb"^content-(?:type|disposition)[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE)


def check_bytes(raw: bytes) -> None:
    """Looks at the bytes, in time that grows with their length.

    Raises BadMessage for a header of more than 256 KB, more than 1000 parts, or lines or a field that no mail program writes.
    """
    if raw.count(b"\n") + raw.count(b"\r") > 2 * (_SHORT_LINES + len(raw) // _LINE_BYTES):
        raise BadMessage("it has more lines than any mail program writes")
    end = _END_OF_HEADER.search(raw, 0, _HEADER_BYTES + 4)
    if end is None and len(raw) > _HEADER_BYTES:
        raise BadMessage("its header is longer than 256 KB")
    for field in _FIELD.finditer(raw):
        if field.end() - field.start() > _FIELD_BYTES or raw.count(b";", field.start(), field.end()) > _FIELD_PARAMETERS:
            raise BadMessage("a field of its header is longer than any mail program writes")
    boundaries = {match[1] or match[2] for match in _BOUNDARY.finditer(raw)}
    # Every boundary is one level more that the parser asks at every line.
    if len(boundaries) > 2 * DEPTH:
        raise BadMessage("it declares more boundaries between parts than any mail program writes")
    # Counting each takes a while in a large message, and most have few lines that may be one at all.
    if raw.count(b"\n--") > 2 * _PARTS and sum(raw.count(b"\n--" + boundary) for boundary in boundaries) > 2 * _PARTS:
        raise BadMessage(f"it has more than {_PARTS} parts")


def check_tree(message: Message) -> None:
    """Looks at the parsed tree, forwarded messages included. Raises BadMessage beyond 50 levels or 1000 parts."""
    waiting = [(message, 1)]
    parts = 0
    while waiting:
        part, depth = waiting.pop()
        parts += 1
        if depth > DEPTH:
            raise BadMessage(f"its parts lie in each other more than {DEPTH} deep")
        if parts > _PARTS:
            raise BadMessage(f"it has more than {_PARTS} parts")
        payload = part.get_payload() if part.is_multipart() else ()
        waiting.extend((child, depth + 1) for child in payload if isinstance(child, Message))
