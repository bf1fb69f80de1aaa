"""Takes the tree of parts to pieces: the text, the HTML side, and the attachments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.message import Message
from html import escape
from typing import NamedTuple

from mailbot.hiring.model import Attachment
from mailbot.mail import charsets, decode, tree
from mailbot.mail.html import to_text

#: More characters than anybody writes; what is beyond stays in the raw bytes.
_LIMIT = 1_000_000
#: What a nameless attachment of this type is called.
_NAMES = {
    "application/pdf": "attachment.pdf",
    "application/msword": "attachment.doc",
    "application/rtf": "attachment.rtf",
    "text/rtf": "attachment.rtf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "attachment.docx",
    "application/vnd.oasis.opendocument.text": "attachment.odt",
    "application/zip": "attachment.zip",
    "application/ms-tnef": "winmail.dat",
    "image/jpeg": "attachment.jpg",
    "image/png": "attachment.png",
    "image/gif": "attachment.gif",
    "image/heic": "attachment.heic",
    "image/tiff": "attachment.tiff",
    "image/webp": "attachment.webp",
    "text/calendar": "invitation.ics",
    "text/vcard": "attachment.vcf",
    "text/html": "attachment.html",
    "text/plain": "attachment.txt",
    "message/rfc822": "message.eml",
}
#: Parts of a report (RFC 6522): it is read from them, they are no attachments.
_REPORT_TYPES = frozenset({"delivery-status", "global-delivery-status", "disposition-notification", "feedback-report"})
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_META_BYTES = 4096
_DELSP = re.compile(r"delsp\s*=\s*\"?yes", re.IGNORECASE)


class Body(NamedTuple):
    """What a message says and carries."""

    text: str
    html: str
    attachments: tuple[Attachment, ...]
    #: The charset that its first text part declares, "" if none.
    charset: str
    charset_guessed: bool
    defects: tuple[str, ...]


class _Stretch(NamedTuple):
    """A stretch of the text, in one or both of its forms."""

    plain: str
    html: str


class _Found(NamedTuple):
    stretches: tuple[_Stretch, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    charsets: tuple[str, ...] = ()
    guessed: bool = False


def read(message: Message) -> Body:
    """The text and the attachments of the parsed `message`; forwarded messages in it are attachments ("message.eml"). Never raises."""
    found = _read(message, alone=True)
    text = "\n\n".join(filter(None, (_plain(stretch) for stretch in found.stretches)))
    has_html = any(stretch.html.strip() for stretch in found.stretches)
    html = "\n".join(_html(stretch) for stretch in found.stretches) if has_html else ""
    cut = len(text) > _LIMIT or len(html) > _LIMIT
    return Body(
        text=text[:_LIMIT],
        html=html[:_LIMIT],
        attachments=found.attachments,
        charset=next(iter(found.charsets), ""),
        charset_guessed=found.guessed,
        defects=("its text is longer than a million characters",) if cut else (),
    )


def _read(part: Message, *, alone: bool = False) -> _Found:
    """What `part` holds; `alone` if it is the whole message."""
    maintype, subtype = part.get_content_maintype(), part.get_content_subtype()
    if inner := tree.children(part):
        found = _joined([_read(child) for child in inner])
        return found._replace(stretches=_one(found.stretches)) if subtype == "alternative" else found
    if maintype == "message":
        return _Found(attachments=() if subtype in _REPORT_TYPES else (_attachment(part, _embedded(part)),))
    content_type = decode.parameters(tree.field(part, "content-type"))
    is_text = (maintype == "text" and subtype in {"plain", "html"}) or maintype == "multipart"
    named = bool(content_type.get("name") or decode.parameters(tree.field(part, "content-disposition")).get("filename"))
    if not is_text or part.get_content_disposition() == "attachment" or (named and not alone):
        return _Found(attachments=(_attachment(part, decode.content(part)),))
    return _text(
        part, content_type.get("charset", ""), flowed=content_type.get("format", "").lower() == "flowed", is_html=subtype == "html"
    )


def _joined(found: Sequence[_Found]) -> _Found:
    return _Found(
        stretches=tuple(stretch for one in found for stretch in one.stretches),
        attachments=tuple(attachment for one in found for attachment in one.attachments),
        charsets=tuple(charset for one in found for charset in one.charsets),
        guessed=any(one.guessed for one in found),
    )


def _one(stretches: Sequence[_Stretch]) -> tuple[_Stretch, ...]:
    """The alternatives of one text (RFC 2046 section 5.1.4) as one stretch."""
    plain = "\n\n".join(filter(None, (stretch.plain for stretch in stretches)))
    return (_Stretch(plain, "\n".join(filter(None, (stretch.html for stretch in stretches)))),) if stretches else ()


def _text(part: Message, charset: str, *, flowed: bool, is_html: bool) -> _Found:
    raw = decode.content(part)
    if is_html and not charsets.known(charset) and (meta := _META.search(raw, 0, _META_BYTES)):
        charset = meta[1].decode("ascii", "replace")
    text, guessed = charsets.decode(raw, charset)
    text = charsets.clean(text).strip("\n")
    if flowed:
        text = _unwrapped(text, joined=bool(_DELSP.search(tree.field(part, "content-type"))))
    stretch = _Stretch("", text) if is_html else _Stretch(text.rstrip(), "")
    return _Found(stretches=(stretch,), charsets=(charset,) if charset else (), guessed=guessed)


def _unwrapped(text: str, *, joined: bool) -> str:
    """format=flowed (RFC 3676 section 4): a line that ends with a blank goes on in the next, if that is quoted as deep; "-- " does not."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        if depth == open_depth:
            out[-1] = (out[-1][:-1] if joined else out[-1]) + content
        else:
            out.append(f"{'>' * depth} {content}" if depth else content)
        open_depth = depth if content.endswith(" ") and content != "-- " else -1
    return "\n".join(out)


def _plain(stretch: _Stretch) -> str:
    return stretch.plain if stretch.plain.strip() else to_text(stretch.html, quotes=True)


def _html(stretch: _Stretch) -> str:
    return stretch.html or f'<div style="white-space: pre-wrap">{escape(stretch.plain)}</div>'


def _attachment(part: Message, content: bytes) -> Attachment:
    name = decode.file_name(decode.parameters(tree.field(part, "content-disposition")), decode.parameters(tree.field(part, "content-type")))
    content_type = part.get_content_type()
    return Attachment(name=name or _NAMES.get(content_type, "attachment.bin"), type=content_type, content=content)


def _embedded(part: Message) -> bytes:
    """The bytes of an embedded message, written anew from its tree: only what reads it again needs them."""
    inner = tree.embedded(part)
    if not inner:
        return decode.content(part)
    try:
        # The default policy would put ">" before lines that begin with "From ".
        return b"\n".join(child.as_bytes(policy=child.policy.clone(mangle_from_=False, max_line_length=None)) for child in inner)
    except Exception:
        # The generator of the standard library raises many things at broken headers.
        return b""
