"""Has the given package read the bytes of a message, and walks the tree of parts that comes out."""

from __future__ import annotations

import email
import logging
import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser

import mailparser

from mailbot.errors import BadMessage
from mailbot.mail import bounds

# It logs names of headers and of files; nothing that a candidate wrote belongs into a log.
logging.getLogger("mailparser").setLevel(logging.CRITICAL + 1)

#: So many bytes of a message, and this many times its own length, are parsed anew to mend it: 45 levels of 28 MB took 90 s (measured).
_MENDED_BYTES = 8_000_000
_MENDED_AGAIN = 4

_LEADING = re.compile(rb"\A(?:\xef\xbb\xbf)?[ \t\r\n]*(?:>?From [^\r\n]*\r?\n)?")
_WORDS_OF_NAME = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BOUNDARY_LINE = re.compile(rb"^--([^\s\"]{1,70})[ \t]*\r?\n(?=content-)", re.IGNORECASE | re.MULTILINE)


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
    _mend(tree, _MENDED_BYTES + _MENDED_AGAIN * len(raw))
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
    """The parts of a multipart; none for a leaf and for an embedded message."""
    return embedded(part) if part.get_content_maintype() == "multipart" else ()


def embedded(part: Message) -> tuple[Message, ...]:
    """The messages that the parser made of the content of `part`: parts, an embedded message, or the groups of fields of a report."""
    # Asking a leaf would have the parser decode it by whatever parameters it has, and raise at some.
    payload = part.get_payload() if part.is_multipart() else ()
    return tuple(child for child in payload if isinstance(child, Message))


def field(part: Message, name: str) -> str:
    """The raw value of the first header `name` of `part`, its 8-bit bytes as surrogates; "" if it is missing."""
    return next((str(value) for header, value in part.raw_items() if header.lower() == name), "")


def _by_standard_library(raw: bytes) -> Message:
    try:
        return email.message_from_bytes(raw)
    except RecursionError as error:
        raise BadMessage("its parts lie in each other too deep to be read") from error
    except Exception:
        # It, too, raises at some parameters ("boundary*" beside "boundary*0"): then the header alone is read, and the parts are found anew.
        return BytesHeaderParser().parsebytes(raw)


def _mend(tree: Message, budget: int) -> None:
    """Divides every multipart whose boundary is missing or wrong at the first line that looks like one: a CV may lie in it.

    Each such part is parsed anew, with all that lies in it: once `budget` bytes have been, the rest stays as it is.
    """
    level: list[Message] = [tree]
    # What lies deeper is refused afterwards; without an end this would be one parse a level.
    for _ in range(bounds.DEPTH):
        for part in level:
            if part.get_content_maintype() != "multipart" or part.is_multipart():
                continue
            payload = part.get_payload(decode=True)
            content = payload if isinstance(payload, bytes) else b""
            budget -= len(content)
            if budget < 0:
                return
            if boundary := _BOUNDARY_LINE.search(content):
                divided = _by_standard_library(b'Content-Type: multipart/mixed; boundary="' + boundary[1] + b'"\n\n' + content)
                bounds.check_tree(divided)
                if inner := embedded(divided):
                    part.set_payload(list(inner))
        level = [child for part in level for child in children(part)]


def _plain(name: str) -> str:
    """ "CloseBoundaryNotFoundDefect" -> "close boundary not found"."""
    return _WORDS_OF_NAME.sub(" ", name.removesuffix("Defect")).lower()
