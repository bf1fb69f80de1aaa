"""From a template and facts to the exact bytes of a message."""

from __future__ import annotations

import base64
import hashlib
import quopri
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from urllib.parse import quote

from mailbot.errors import Permanent
from mailbot.hiring.model import Attachment
from mailbot.mail.templates import Rendered, Templates

__all__ = ["Envelope", "Rendered", "Templates", "file_name", "thread_subject", "write"]

#: The longest subject and display name that mailbot writes, in characters.
SUBJECT_LENGTH = 200
NAME_LENGTH = 100
#: The longest file name, in bytes of UTF-8: percent-encoded it still fits in one line of 998 (RFC 5322 2.1.1).
FILE_NAME_LENGTH = 200
#: So many references are kept after the first (RFC 5322 3.6.4 allows to shorten the list).
LAST_REFERENCES = 10

# Control characters, line and paragraph separators, and marks that turn the direction of writing.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_UNPRINTABLE_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_ADDRESS = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}@[a-z0-9.-]{1,255}", re.ASCII | re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"(?!message/|multipart/)[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}", re.ASCII)
_FORBIDDEN_IN_FILE_NAMES = re.compile(r'[\\/:*?"<>|]')
# "Re:", "RE[2]:", "Fwd:", "Отв:", "НА:" (Outlook in Russian writes HA, in either alphabet), "AW:", "SV:".
_PREFIXES = re.compile(
    r"^(?:(?:re|fwd?|fw|aw|wg|sv|vs|отв|ответ|пересл|пересылка|на|ha)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*)+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands in the header of a message that mailbot writes."""

    sender_name: str
    sender: str
    to: str
    message_id: str
    date: datetime
    subject: str
    #: "auto-replied", "auto-generated", or "" for a person's own words.
    auto_submitted: str
    in_reply_to: str
    references: tuple[str, ...]
    #: The value of X-Mailbot.
    mark: str


def write(envelope: Envelope, text: str, html: str = "", attachments: Sequence[Attachment] = ()) -> bytes:
    """Given header and content, return the message's bytes: the same for the same, with CRLF and lines under 998.

    Headers are those of design section 7; no text in any field can add one. Message-IDs to refer to that are no
    Message-IDs are left out. Raise Permanent if an address or the message's own Message-ID can not be written.
    """
    digest = hashlib.sha256(envelope.message_id.encode("utf-8", "replace")).hexdigest()[:24]
    content = _text_part("plain", text)
    if html:
        content = _multipart("alternative", f"=_a{digest}", (content, _text_part("html", html)))
    if attachments:
        content = _multipart("mixed", f"=_m{digest}", (content, *(_attachment_part(attachment) for attachment in attachments)))
    header = "".join(f"{name}: {value}\r\n" for name, value in _headers(envelope))
    return header.encode("ascii") + content


def thread_subject(subject: str) -> str:
    """Given a subject, return it without "Re:", "Fwd:", "Отв:", "Пересл:" and their like in front."""
    return _PREFIXES.sub("", " ".join(subject.split()))


def file_name(name: str) -> str:
    """Given an attachment's name as its sender wrote it, return one that is safe to show and to save."""
    clean = _FORBIDDEN_IN_FILE_NAMES.sub("_", _one_line(name)).strip(". ")
    stem, dot, ending = clean.rpartition(".")
    if not dot or len(ending) > 10:
        stem, ending = clean, ""
    ending = f".{ending}" if ending else ""
    room = FILE_NAME_LENGTH - len(ending.encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + ending or "attachment"


def _headers(envelope: Envelope) -> list[tuple[str, str]]:
    if not _MESSAGE_ID.fullmatch(envelope.message_id):
        raise Permanent("the message has no Message-ID that can be written")
    known = [reference for reference in envelope.references if _MESSAGE_ID.fullmatch(reference)]
    references = known if len(known) <= LAST_REFERENCES else [known[0], *known[1:][-LAST_REFERENCES:]]
    headers = [
        ("From", _mailbox(envelope.sender_name, envelope.sender)),
        ("To", _mailbox("", envelope.to)),
        ("Subject", _unstructured("Subject", _one_line(envelope.subject)[:SUBJECT_LENGTH])),
        ("Date", format_datetime(envelope.date)),
        ("Message-ID", envelope.message_id),
    ]
    if _MESSAGE_ID.fullmatch(envelope.in_reply_to):
        headers.append(("In-Reply-To", envelope.in_reply_to))
    if references:
        headers.append(("References", "\r\n ".join(references)))
    if envelope.auto_submitted:
        # RFC 3834 section 5, and MS-OXCMAIL 2.1.3.2.20: no out-of-office, automatic, read or delivery answer to a machine.
        headers.append(("Auto-Submitted", _unstructured("Auto-Submitted", _one_line(envelope.auto_submitted))))
        headers.append(("X-Auto-Response-Suppress", "OOF, AutoReply, RN, NRN, DR"))
    if envelope.mark:
        headers.append(("X-Mailbot", _unstructured("X-Mailbot", _one_line(envelope.mark))))
    return [*headers, ("MIME-Version", "1.0")]


def _one_line(text: str) -> str:
    """Text that may stand in a header: on one line, printable, and without halves of surrogate pairs."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join(_UNPRINTABLE.sub(" ", whole).split())


def _is_plain(text: str) -> bool:
    # "=?" in plain text would be read as the beginning of an encoded word (RFC 2047 section 5).
    return text.isascii() and "=?" not in text


def _encoded(name: str, text: str) -> str:
    """Encoded words (RFC 2047), folded for the header of this name."""
    return Header(text, "utf-8", header_name=name).encode(linesep="\r\n")


def _unstructured(name: str, text: str) -> str:
    return text if _is_plain(text) else _encoded(name, text)


def _mailbox(name: str, address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise Permanent("the address can not be written in a header: only plain ASCII addresses are")
    shown = _one_line(name)[:NAME_LENGTH]
    if not shown:
        return address
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>' if _is_plain(shown) else f"{_encoded('From', shown)} <{address}>"


def _text_part(subtype: str, text: str) -> bytes:
    clean = _UNPRINTABLE_IN_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    data = clean.encode("utf-8", "replace")
    # Base64 is the shorter for Russian, quoted-printable for English, and both keep lines under 77.
    encoding = "base64" if len(data) > len(clean) * 7 / 6 else "quoted-printable"
    body = base64.encodebytes(data) if encoding == "base64" else quopri.encodestring(data)
    header = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return header.encode("ascii") + body.replace(b"\n", b"\r\n")


def _attachment_part(attachment: Attachment) -> bytes:
    # A multipart or message type may not be encoded in base64 (RFC 2045 section 6.4), so it goes as plain bytes.
    media_type = attachment.type if _MEDIA_TYPE.fullmatch(attachment.type) else "application/octet-stream"
    name = file_name(attachment.name)
    # The name stands twice: as RFC 2231 has it, and in the old way that some clients still look for.
    extended = f'filename="{name}"' if _is_plain(name) else f"filename*=utf-8''{quote(name, safe='')}"
    header = (
        f'Content-Type: {media_type};\r\n name="{_unstructured("Content-Type", name)}"\r\n'
        f"Content-Disposition: attachment;\r\n {extended}\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return header.encode("ascii") + base64.encodebytes(attachment.content).replace(b"\n", b"\r\n")


def _multipart(subtype: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    # "=_" is found in neither quoted-printable nor base64 (RFC 2045 section 6.7), so no content holds the boundary.
    header = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'
    opening, closing = f"--{boundary}\r\n".encode("ascii"), f"--{boundary}--\r\n".encode("ascii")
    return header.encode("ascii") + b"".join(opening + part + b"\r\n" for part in parts) + closing
