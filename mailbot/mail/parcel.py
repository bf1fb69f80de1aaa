"""What the reader of messages hands back, as bounded bytes: one line of JSON, then the contents of the attachments one after another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import IO

import orjson

from mailbot.codec import plain, typed
from mailbot.hiring.model import Message, Reply

#: Bytes of the line. Of a text a million letters are kept, as text, as HTML and once more taken apart, in Russian two bytes each. Nothing
#: but brackets, a line of this length would cost the daemon 350 MB.
LINE_LIMIT = 16_000_000
#: Bytes of the whole: the attachments together are hardly larger than the message that they came in.
LIMIT = 120_000_000


@dataclass(frozen=True, slots=True)
class Read:
    """A message as it was read: decoded, and its text taken apart."""

    message: Message
    reply: Reply


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a message was not read, in words."""

    because: str
    #: True where the reader itself failed: it must not go on reading, and another may have better luck.
    failed: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    read: Read | None = None
    unread: Unread | None = None
    #: How many bytes each attachment of `read` has; in the line they are empty.
    sizes: tuple[int, ...] = ()


def write(file: IO[bytes], found: Read | Unread) -> None:
    """Given a file and what there is to hand back, write it; what is larger than any letter is handed back as unread. Raise OSError."""
    line, contents = _packed(found)
    if len(line) > LINE_LIMIT or len(line) + sum(map(len, contents)) > LIMIT:
        line, contents = _packed(Unread("what it holds is larger than any letter"))
    file.writelines((line, *contents))
    file.flush()


def read(file: IO[bytes]) -> Read | Unread:
    """Given a file, return what `write` wrote in it. Raise ValueError for anything else: a hostile message may have written it."""
    line = typed(_Line, orjson.loads(file.readline(LINE_LIMIT)))
    if line.unread:
        return line.unread
    if line.read is None or sum(line.sizes) > LIMIT:
        raise ValueError("it says nothing")
    message = line.read.message
    attachments = tuple(
        replace(attachment, content=_exactly(file, size)) for attachment, size in zip(message.attachments, line.sizes, strict=True)
    )
    return replace(line.read, message=replace(message, attachments=attachments))


def _packed(found: Read | Unread) -> tuple[bytes, tuple[bytes, ...]]:
    if isinstance(found, Unread):
        return orjson.dumps(plain(_Line(unread=found))) + b"\n", ()
    attachments = found.message.attachments
    bare = replace(found.message, attachments=tuple(replace(attachment, content=b"") for attachment in attachments))
    line = _Line(replace(found, message=bare), sizes=tuple(len(attachment.content) for attachment in attachments))
    return orjson.dumps(plain(line)) + b"\n", tuple(attachment.content for attachment in attachments)


def _exactly(file: IO[bytes], size: int) -> bytes:
    # Asked for a negative number of bytes, a file gives all.
    content = file.read(max(size, 0))
    if len(content) != size:
        raise ValueError("it is cut off")
    return content
