"""Turns the raw bytes of a message into a Message, whatever is wrong with them."""

from __future__ import annotations

import email.message
import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailbot.hiring.model import Address, Attachment, Message
from mailbot.mail import addresses, body, decode, report, tree

#: A Message-ID as others refer to it (RFC 5322 section 3.6.4, far more tolerant; raw bytes are none).
_ID = re.compile(r"<[^<>\s\ud800-\udfff]+>")
_BARE_ID = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_RECIPIENT_HEADERS = ("to", "cc", "resent-to", "resent-cc")


def parse(raw: bytes) -> Message:
    """The message that `raw` is, decoded; even of nothing, or of a header alone: then with empty fields, and `defects` that say so.

    mail-parser reads the bytes; subject, names, file names and texts are decoded from them by our own tolerant decoder (measured:
    mail-parser's own is right on 41 of 74 difficult Russian messages). Raises BadMessage, and nothing else, for a message built to cost too
    much: parts more than 50 deep, more than 1000 of them, a header of more than 256 KB.
    """
    parsed, defects = tree.read(raw)
    content = body.read(parsed)
    headers = tuple((name.lower(), decode.header(str(value), content.charset)) for name, value in parsed.raw_items())
    sender, why_none = _sender(parsed, content.charset)
    date, why_no_date = _date(tree.field(parsed, "date"))
    message_id = _message_id(tree.field(parsed, "message-id"))
    subject = decode.header(tree.field(parsed, "subject"), content.charset)
    ours = [
        "it is empty" if not raw.strip() else "",
        why_none,
        why_no_date,
        "" if message_id else "it has no Message-ID",
        "it has more than one Subject" if sum(1 for name, _ in headers if name == "subject") > 1 else "",
    ]
    return Message(
        headers=headers,
        sender=sender,
        recipients=_mailboxes(parsed, _RECIPIENT_HEADERS, content.charset),
        reply_to=_mailboxes(parsed, ("reply-to",), content.charset),
        subject=subject,
        text=content.text,
        html=content.html,
        attachments=content.attachments,
        message_id=message_id,
        in_reply_to=_ids(parsed, "in-reply-to"),
        references=_ids(parsed, "references"),
        date=date,
        parts=tuple(part.get_content_type() for part in tree.walk(parsed)),
        report=report.read(parsed, subject, content.text),
        charset_guessed=content.charset_guessed,
        defects=(*defects, *content.defects, *filter(None, ours)),
        body_digest=_digest(content.text, content.html, content.attachments),
    )


def _values(message: email.message.Message, name: str) -> list[str]:
    return [str(value) for header, value in message.raw_items() if header.lower() == name]


def _sender(message: email.message.Message, charset: str) -> tuple[Address | None, str]:
    """The one usable mailbox of From, else None and why: two senders can not be answered, and a check of one says nothing of the other."""
    fields = _values(message, "from")
    if not fields:
        return None, "it has no From"
    if len(fields) > 1:
        return None, "it has more than one From"
    found = addresses.mailboxes(fields[0], charset)
    if len(found) == 1:
        return found[0], ""
    return None, "its From names more than one mailbox" if found else "its From names no mailbox that can be answered"


def _mailboxes(message: email.message.Message, names: Iterable[str], charset: str) -> tuple[Address, ...]:
    return tuple(mailbox for name in names for value in _values(message, name) for mailbox in addresses.mailboxes(value, charset))


def _date(value: str) -> tuple[datetime | None, str]:
    """The Date field, aware, and what is wrong with it. A zone of "-0000" says nothing (RFC 5322 section 3.3): taken for UTC."""
    if not value:
        return None, "it has no Date"
    try:
        date = parsedate_to_datetime(value)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        # A date at the edge of the calendar is only found to be none when it is moved to another zone.
        date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None, "its Date can not be read"
    return date, ""


def _message_id(value: str) -> str:
    found = _ID.search(value)
    if found:
        return found[0]
    bare = _BARE_ID.fullmatch(value.strip())
    return f"<{bare[0]}>" if bare else ""


def _ids(message: email.message.Message, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for value in _values(message, name) for found in _ID.findall(value)))


def _digest(text: str, html: str, attachments: Sequence[Attachment]) -> str:
    """sha256 over all that is said and carried, each with its length before it, so that no two divisions of the same bytes are equal."""
    digest = hashlib.sha256()
    for piece in (text.encode(), html.encode(), *(attachment.content for attachment in attachments)):
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    return digest.hexdigest()
