"""The text of an attachment: what type it is, and a child process with limits that reads it."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from mailbot.hiring.model import Attachment, Verdict
from mailbot.mail import child
from mailbot.mail.documents import ANSWER_LIMIT
from mailbot.mail.refused import MACRO_DOCUMENTS, PROGRAMS

#: Wall time of one attachment. CPU time is limited by the child itself; this is for a child that waits.
SECONDS = 20.0
#: Wall time of all attachments of one message: hostile ones must not keep the daemon from the letters of others for longer.
SECONDS_IN_ALL = 30.0
#: So many attachments of one message are opened; a thousand small ones take a minute (measured), and no application has so many.
OPENED = 20


@dataclass(frozen=True, slots=True)
class FileType:
    """One type: what is done with it, and how it is known.

    A row with `begins` goes by the content alone (`inside` must stand somewhere in it besides): a program called cv.pdf is a program.
    A row without goes by the extension of the name or the MIME type.
    """

    #: The function of documents.READERS that reads it; "" if it is not opened: then `verdict` and `because` stand.
    reader: str = ""
    verdict: Verdict = "no_text"
    because: str = ""
    begins: tuple[bytes, ...] = ()
    inside: bytes = b""
    extensions: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    def fits(self, attachment: Attachment) -> bool:
        if self.begins:
            start = attachment.content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
            return start.startswith(self.begins) and self.inside in attachment.content
        return _extension(attachment.name) in self.extensions or attachment.type in self.types


PROGRAM = (b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"L\0\0\0\x01\x14\x02\0")
OLE = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)
ARCHIVE = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0")
IMAGE = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*")
IMAGES = frozenset({"bmp", "gif", "heic", "heif", "jpeg", "jpg", "png", "svg", "tif", "tiff", "webp"})
OFFICE = frozenset({"docx", "odt"})

#: The first row that fits decides. A new type is one row here and, if it is to be read, a function in documents.READERS.
TYPES = (
    FileType(verdict="withheld", because="it is a program", begins=PROGRAM),
    # Every text may begin with MZ; none of them holds a NUL.
    FileType(verdict="withheld", because="it is a program", begins=(b"MZ",), inside=b"\0"),
    FileType(verdict="withheld", because="it is a program by its name", extensions=PROGRAMS),
    FileType(verdict="withheld", because="it is a document with macros", extensions=MACRO_DOCUMENTS),
    FileType(reader="pdf", begins=(b"%PDF-",)),
    FileType(reader="office", begins=(b"PK\x03\x04", b"PK\x05\x06")),
    FileType(reader="rtf", begins=(b"{\\rt",)),
    FileType(verdict="withheld", because="it is locked with a password", begins=OLE, inside="EncryptedPackage".encode("utf-16-le")),
    FileType(verdict="withheld", because="it carries macros", begins=OLE, inside="_VBA_PROJECT".encode("utf-16-le")),
    FileType(reader="word", begins=OLE),
    FileType(verdict="withheld", because="it is an archive that can not be looked into", begins=ARCHIVE),
    FileType(verdict="no_text", because="it is an image", begins=IMAGE),
    FileType(verdict="no_text", because="it is an image", extensions=IMAGES),
    FileType(reader="html", begins=(b"<!DOCTYPE html", b"<!doctype html", b"<html", b"<HTML")),
    FileType(reader="html", extensions=frozenset({"htm", "html"}), types=frozenset({"text/html"})),
    # What calls itself so and does not begin so is damaged, or has something before its beginning: the reader knows.
    FileType(reader="pdf", extensions=frozenset({"pdf"}), types=frozenset({"application/pdf"})),
    FileType(reader="office", extensions=OFFICE),
    FileType(reader="plain", extensions=frozenset({"txt", "md"}), types=frozenset({"text/plain"})),
)
UNKNOWN = FileType(verdict="no_text", because="it is of a type that is not read")


def read(attachment: Attachment, limit_bytes: int, seconds: float = SECONDS) -> Attachment:
    """The attachment with `text`, `verdict` and `because` filled in. Raises nothing: what can not be read says so in `because`.

    An attachment over `limit_bytes` is not looked at; its reader is killed after `seconds`. Without any seconds, what would have to be
    opened is withheld: nobody knows what is in it.
    """
    if len(attachment.content) > limit_bytes:
        return dataclasses.replace(attachment, verdict="too_large", because=f"it is larger than {limit_bytes} bytes")
    if not attachment.content:
        return dataclasses.replace(attachment, verdict="broken", because="it is empty")
    found = next((row for row in TYPES if row.fits(attachment)), UNKNOWN)
    if not found.reader:
        return dataclasses.replace(attachment, verdict=found.verdict, because=found.because)
    if seconds <= 0:
        return dataclasses.replace(
            attachment, verdict="withheld", because="it was not opened: there are too many, or those before took too long"
        )
    verdict, text, because = _read_in_child(found.reader, attachment.content, seconds)
    return dataclasses.replace(attachment, text=text, verdict=verdict, because=because)


def read_all(attachments: Sequence[Attachment], limit_bytes: int, seconds: float = SECONDS_IN_ALL) -> tuple[Attachment, ...]:
    """Every attachment of a message as `read` gives it, in order; after OPENED of them, or once `seconds` are over, none is opened."""
    end = time.monotonic() + seconds
    return tuple(
        read(attachment, limit_bytes, min(SECONDS, end - time.monotonic()) if number < OPENED else 0)
        for number, attachment in enumerate(attachments)
    )


def _extension(name: str) -> str:
    """The extension as a desktop would see it: Windows drops dots and spaces at the end."""
    stem, dot, extension = name.lower().rstrip(". \t\0").rpartition(".")
    return extension if dot and stem else ""


def _read_in_child(reader: str, content: bytes, seconds: float) -> tuple[Verdict, str, str]:
    """Verdict, text and reason, from a child that is started for this one document.

    Both ways go through memory files: nothing of a candidate is written to disk, no pipe can stall, and the kernel bounds the answer.
    """
    try:
        with os.fdopen(os.memfd_create("attachment"), "w+b") as stdin, os.fdopen(os.memfd_create("answer"), "w+b") as stdout:
            stdin.write(content)
            stdin.seek(0)
            program = f"from mailbot.mail.documents import main; main({reader!r})"
            status = child.end(child.start(program, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL), seconds)
            stdout.seek(0)
            written = stdout.read(ANSWER_LIMIT)
    except OSError:
        return "no_text", "", "the machine could not start a process to read it"
    if status < 0:
        return "broken", "", "reading it took more time or memory than a document needs"
    if status > 0:
        return "no_text", "", "mailbot's reader of documents does not work on this machine"
    return _answer(written)


def _answer(written: bytes) -> tuple[Verdict, str, str]:
    """The child's answer, believed only in its shape: a hostile document may have written it."""
    try:
        found = json.loads(written)
        verdict, text, because = found["verdict"], found["text"], found["because"]
    except (ValueError, KeyError, TypeError):
        return "broken", "", "it can not be read"
    if verdict not in get_args(Verdict) or not isinstance(text, str) or not isinstance(because, str):
        return "broken", "", "it can not be read"
    return verdict, text, because
