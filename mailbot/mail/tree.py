"""Has the given package read the bytes of a message, and walks the tree of parts that comes out."""

from __future__ import annotations

import email
import logging
import re
from collections.abc import Iterator
from email.message import Message

import mailparser

from mailbot.errors import BadMessage
from mailbot.mail import bounds

# It logs names of headers and of files; nothing that a candidate wrote belongs into a log.
logging.getLogger("mailparser").setLevel(logging.CRITICAL + 1)

_LEADING = re.compile(rb"\A(?:\xef\xbb\xbf)?[ \t\r\n]*(?:>?From [^\r\n]*\r?\n)?")
_WORDS_OF_NAME = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BOUNDARY_LINE = re.compile(r"^--([^\s\"]{1,70}(?: [^\s\"]{1,70})*)[ \t]*\r?\n(?=content-)", re.IGNORECASE | re.MULTILINE)


def read(raw: bytes) -> tuple[Message, tuple[str, ...]]:
    """The tree of parts of `raw`, and what was wrong with it in plain words.

    mail-parser reads the bytes; where it fails on them (measured: 4 of 1432 real messages, all cut short), the standard library does.
    Raises BadMessage, and nothing else, for a message that is beyond all bounds.
    """
    # A byte order mark, empty lines or an mbox line before the header would leave the message without any.
    raw = _LEADING.sub(b"", raw, count=1)
    bounds.check_bytes(raw)
    try:
        parsed = mailparser.parse_from_bytes(raw)
        tree, defects = parsed.message, tuple(sorted(_plain(name) for name in parsed.defects_categories))
    except Exception as error:
        # Whatever a package raises at hostile bytes is the same to us.
        tree, defects = _by_standard_library(raw), (f"mail-parser can not read it ({type(error).__name__})",)
    bounds.check_tree(tree)
    return tree, defects


def walk(message: Message) -> Iterator[Message]:
    """Every part of `message`, itself first, in order; a forwarded or returned message is one part and is not entered."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(reversed(children(part)))


def children(part: Message) -> tuple[Message, ...]:
    """The parts of a multipart; none for a leaf and for an embedded message.

    A multipart whose boundary is missing or wrong is divided at the first line that looks like one.
    """
    if part.get_content_maintype() != "multipart":
        return ()
    payload = part.get_payload()
    if isinstance(payload, list):
        return tuple(child for child in payload if isinstance(child, Message))
    boundary = _BOUNDARY_LINE.search(payload) if isinstance(payload, str) else None
    if boundary is None:
        return ()
    body = part.get_payload(decode=True)
    head = f'Content-Type: multipart/mixed; boundary="{boundary[1]}"\n\n'.encode("ascii", "replace")
    repaired = _by_standard_library(head + (body if isinstance(body, bytes) else b""))
    bounds.check_tree(repaired)
    inner = repaired.get_payload()
    return tuple(child for child in inner if isinstance(child, Message)) if isinstance(inner, list) else ()


def field(part: Message, name: str) -> str:
    """The raw value of the first header `name` of `part`, its 8-bit bytes as surrogates; "" if it is missing."""
    return next((str(value) for header, value in part.raw_items() if header.lower() == name), "")


def _by_standard_library(raw: bytes) -> Message:
    try:
        return email.message_from_bytes(raw)
    except RecursionError as error:
        raise BadMessage("its parts lie in each other too deep to be read") from error


def _plain(name: str) -> str:
    """ "CloseBoundaryNotFoundDefect" -> "close boundary not found"."""
    return _WORDS_OF_NAME.sub(" ", name.removesuffix("Defect")).lower()
