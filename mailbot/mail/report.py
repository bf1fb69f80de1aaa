"""Reads what a report says of a message that was sent before: delivery (RFC 3464), reading (RFC 8098), complaint (RFC 5965)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.message import Message

from mailbot.hiring.model import Report
from mailbot.mail import decode, tree

_TYPES = {
    "message/delivery-status": "delivery-status",
    "message/global-delivery-status": "delivery-status",
    "message/disposition-notification": "disposition-notification",
    "message/feedback-report": "feedback-report",
}
_ADDRESS = re.compile(r"[^\s<>;,:\"()\[\]]{1,64}@[^\s<>;,:\"()\[\]]{1,253}")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_ID = re.compile(r"<[^<>\s\ud800-\udfff]{1,900}>")
_ID_IN_TEXT = re.compile(r"^[> \t]*Message-ID:\s*(<[^<>\s]{1,900}>)", re.IGNORECASE | re.MULTILINE)
#: "<anna@example.ru>:" of qmail, an indented address of Exim: a line of its own.
_ADDRESS_LINE = re.compile(rf"^[ \t]*<?({_ADDRESS.pattern})>?:?[ \t]*(?:$|\()", re.MULTILINE)
_DAEMON = re.compile(r"\b(?:mailer-daemon|mail-daemon|maildaemon|postmaster)@", re.IGNORECASE)
_DELAYED = re.compile(r"\bdelay|\bwill retry|\bwarning\b|задерж|повторн\w+ попыт", re.IGNORECASE)
_FAILED = re.compile(r"fail|undeliver|returned mail|not delivered|rejected|не ?доставлен|не удалось доставить", re.IGNORECASE)
_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
#: Addresses in fields of a report, in the order in which they name the one we wrote to.
_RECIPIENT_FIELDS = ("original-recipient", "original-rcpt-to", "final-recipient", "removal-recipient")


def read(message: Message, subject: str, text: str) -> Report | None:
    """The report that `message` is, None if it is none; `subject` and `text` are its own, decoded.

    A report without the parts of RFC 6522 (old mail servers) is known by X-Failed-Recipients or a daemon as its sender; its type is "".
    Of several recipients the first that failed is told. Never raises.
    """
    parts = list(tree.walk(message))
    for part in parts:
        if part.get_content_type() in _TYPES:
            return _structured(part, _TYPES[part.get_content_type()], _message_id(message, parts, text))
    failed = tree.field(message, "x-failed-recipients")
    if failed or _DAEMON.search(tree.field(message, "from")):
        return _unstructured(failed, f"{subject}\n{text}", _message_id(message, parts, text))
    return None


def _structured(part: Message, type: str, message_id: str) -> Report:
    blocks = tree.embedded(part)
    spoken_of = sorted(
        (block for block in blocks if any(tree.field(block, name) for name in _RECIPIENT_FIELDS)),
        key=lambda block: _rank(_action(block)),
    )
    chosen = spoken_of[:1]
    address = next((_address(tree.field(block, name)) for block in chosen for name in _RECIPIENT_FIELDS if tree.field(block, name)), "")
    status = next((found[1] for block in chosen if (found := _STATUS.search(tree.field(block, "status")))), "")
    original = next((found[0] for block in blocks if (found := _ID.search(tree.field(block, "original-message-id")))), "")
    return Report(
        type=type,
        address=address,
        action=next((_action(block) for block in chosen), ""),
        status=status,
        message_id=original or message_id,
    )


def _action(block: Message) -> str:
    word = tree.field(block, "action").partition(";")[0].strip().lower()
    return word if word in _ACTIONS else ""


def _rank(action: str) -> int:
    return _ACTIONS.index(action) if action else len(_ACTIONS)


def _address(value: str) -> str:
    found = _ADDRESS.search(value)
    return decode.header(found[0]).lower() if found else ""


def _unstructured(failed: str, text: str, message_id: str) -> Report:
    status = _STATUS.search(text)
    line = _ADDRESS_LINE.search(text)
    if (status and status[1].startswith("4")) or (not status and _DELAYED.search(text) and not failed):
        action = "delayed"
    elif failed or status or _FAILED.search(text):
        action = "failed"
    else:
        action = ""
    return Report(
        type="",
        address=_address(failed) or (line[1].lower() if line else ""),
        action=action,
        status=status[1] if status else "",
        message_id=message_id,
    )


def _message_id(message: Message, parts: Sequence[Message], text: str) -> str:
    """The Message-ID of the message that is reported on: from its returned header, the report's thread, or the text."""
    for part in parts:
        if part.get_content_type() in {"message/rfc822", "message/global"}:
            for returned in tree.embedded(part):
                if found := _ID.search(tree.field(returned, "message-id")):
                    return found[0]
        elif part.get_content_type() in {"text/rfc822-headers", "text/rfc822-header"} and (
            inside := _ID_IN_TEXT.search(decode.content(part).decode("utf-8", "replace"))
        ):
            return inside[1]
    for name in ("in-reply-to", "references"):
        if ids := _ID.findall(tree.field(message, name)):
            return str(ids[-1])
    inside = _ID_IN_TEXT.search(text)
    return inside[1] if inside else ""
