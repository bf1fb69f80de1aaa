"""Recognises what machines write, by headers and parts; a function here returns the reason in plain English, or "" if it sees none."""

from __future__ import annotations

import re

from mailbot.hiring.model import Message
from mailbot.hiring.wording import folded

_ANGLED = re.compile(r"<([^<>\s@]+@[^<>\s]+)>")
_BARE = re.compile(r"(?<![^\s<>,;:\"()])[^\s<>,;:\"()@]{1,64}@[^\s<>,;:\"()@]{1,255}")

#: Who speaks when a message could not be delivered (RFC 5321 section 4.5.1; MAILER-DAEMON by custom).
_DAEMON = re.compile(
    r"(?:(?:mailer|mail|mta|delivery)[-._]?daemon|post[-._]?master|mdaemon|mail[-._]?delivery[-._]?(?:system|subsystem))(?:\+.*)?",
    re.IGNORECASE,
)
#: RFC 5230 section 4.6, and what robots call themselves.
_SYSTEM = re.compile(
    r"(?:listserv|majordomo|mailman|robot|bot|daemon|abuse|autoreply|auto-reply|autoresponder|notifications?|notify|bounces?(?:-.*)?|root"
    r"|owner-.*|.*-request(?:-.*)?|.*-owner|.*-bounces?)(?:[+=].*)?",
    re.IGNORECASE,
)
#: The same where bounces are to go: what is sent by a service for a person has a path of its own for each message, often with "bounce".
_LIST_PATH = re.compile(r"(?:listserv|majordomo|mailman|owner-.*|.*-request|.*-owner)(?:[+=].*)?", re.IGNORECASE)
_NO_REPLY = re.compile(r"(?:^|[-._+=])(?:no|not|do[-._]?not|dont|never)[-._]?(?:reply|respond|answer|replay)(?:[-._+=\d]|$)", re.IGNORECASE)

#: Subjects of vacation messages. A person may write one too, so it counts only beside other evidence.
_AWAY_SUBJECT = re.compile(
    r"^(?:auto(?:matic)?[- ]?(?:reply|response)|out of (?:the )?office|vacation (?:reply|response)|away from|автоответ|автоматический ответ"
    r"|нет на месте|вне офиса|я в отпуске|отсутствие на работе)"
)
_AWAY_TEXT = re.compile(
    r"\b(?:(?:нахожусь|буду|сейчас) в (?:отпуске|командировке|декретном)"
    r"|(?:буду )?отсутств(?:ую|овать)|не буду на|нет на рабочем"
    r"|автоматическ\w+ (?:ответ|сообщени|уведомлени)"
    r"|(?:i am|i'm|i will be|i'll be) (?:currently )?(?:out of|away|on (?:vacation|leave|holiday))"
    r"|automat(?:ic|ed) (?:reply|response))"
)
_DELAY_SUBJECT = re.compile(r"\bdelay(?:ed)?\b|could not send message for past|warning: message|still being retried|задерж|отложен")
_AUTOREPLY_HEADERS = ("x-autoreply", "x-auto-reply", "x-autorespond", "x-auto-respond", "x-mail-autoreply", "x-vacation")
_CALENDAR_ANSWER = re.compile(rb"^METHOD(?:;[^:\r\n]*)?:\s*(?:REPLY|COUNTER|DECLINECOUNTER|REFRESH|CANCEL)", re.IGNORECASE | re.MULTILINE)


def addresses(message: Message, *headers: str) -> tuple[str, ...]:
    """Given a message and headers of mailboxes, return every address in every instance of them, lower-cased.

    A display name may hold what looks like an address, so angle brackets win.
    """
    return tuple(
        address.lower()
        for header in headers
        for value in message.all(header)
        for address in (_ANGLED.findall(value) or _BARE.findall(_without_comments(value)))
    )


def _without_comments(value: str) -> str:
    """A header value without its comments (RFC 5322 section 3.2.2), which may be nested."""
    kept, depth = "", 0
    for part in re.split(r"(\\.|[()])", value):
        depth = depth + 1 if part == "(" else max(depth - 1, 0) if part == ")" else depth
        kept += part if not depth and part != ")" else " "
    return kept


def _word(value: str) -> str:
    """The value itself: without comments and parameters, lower-cased."""
    return _without_comments(value).partition(";")[0].strip().strip('"').lower()


def authors(message: Message) -> frozenset[str]:
    """Given a message, return every mailbox that From names, in every instance of it."""
    return frozenset((*((message.sender.address,) if message.sender else ()), *addresses(message, "from")))


def _names(message: Message, *headers: str) -> list[str]:
    """What stands before the @ in From and in these headers."""
    return [address.partition("@")[0] for address in (*authors(message), *addresses(message, *headers))]


def _report(message: Message, type: str) -> bool:
    return (message.report is not None and message.report.type == type) or any(
        part in (f"message/{type}", f"message/global-{type}") for part in message.parts
    )


def bounce(message: Message) -> str:
    """A message of ours could not be delivered (RFC 3464, RFC 6522). A null Return-Path does not say so: vacation messages have it too."""
    if receipt(message) or complaint(message):
        return ""
    if _report(message, "delivery-status"):
        return "it is a report of delivery (RFC 3464)"
    if "multipart/report" in message.parts:
        return "it is a report of a mail server (RFC 6522)"
    if message.all("x-failed-recipients"):
        return "it has X-Failed-Recipients"
    if any(_DAEMON.fullmatch(name) for name in _names(message, "sender")):
        return "a mail server's daemon wrote it"
    return ""


def delay(message: Message) -> str:
    """A message of ours is late but not lost: Action: delayed, or an old warning without a report."""
    because = bounce(message)
    action = message.report.action if message.report else ""
    late = action == "delayed" or (
        not action and not message.all("x-failed-recipients") and bool(_DELAY_SUBJECT.search(folded(message.subject)))
    )
    return f"{because}: the delivery is delayed" if because and late else ""


def delivery(message: Message) -> str:
    """A message of ours has arrived: Action delivered, relayed or expanded."""
    because = bounce(message)
    arrived = message.report is not None and message.report.action in ("delivered", "relayed", "expanded")
    return f"{because}: the message was delivered" if because and arrived else ""


def receipt(message: Message) -> str:
    """A read receipt (RFC 8098)."""
    return "it is a read receipt (RFC 8098)" if _report(message, "disposition-notification") else ""


def complaint(message: Message) -> str:
    """A complaint of a mail provider (RFC 5965)."""
    return "it is a complaint in the abuse reporting format (RFC 5965)" if _report(message, "feedback-report") else ""


def calendar(message: Message) -> str:
    """An answer to an invitation (RFC 5546). An invitation by a person is none; a calendar part that can not be read counts as one."""
    if not {"text/calendar", "application/ics"} & set(message.parts):
        return ""
    files = [attachment for attachment in message.attachments if attachment.type in ("text/calendar", "application/ics")]
    answers = not files or any(_CALENDAR_ANSWER.search(file.content) for file in files)
    return "a calendar answers an invitation (RFC 5546)" if answers else ""


def auto_reply(message: Message) -> str:
    """A machine answers: RFC 3834 section 5, its forerunners, or a null Return-Path. A subject alone is never enough."""
    if any(_word(value) != "no" for header in ("auto-submitted", "x-auto-submitted") for value in message.all(header)):
        return "its Auto-Submitted says that a machine sent it (RFC 3834)"
    for name, value in message.headers:
        if name.startswith(_AUTOREPLY_HEADERS) and _word(value) != "no":
            return f"it has the header {name} of an automatic reply"
    # Other values ("Forward", "Mirror", "Redirect") mark a person's mail that a server passed on; measured.
    if any(_word(value) == "reply" for value in message.all("x-autogenerated")):
        return "its X-Autogenerated says Reply"
    if any(_word(value).replace("-", "_") in ("auto_reply", "autoreply") for value in message.all("precedence")):
        return "its Precedence says auto_reply"
    if any(_is_null(value) for value in message.all("return-path")):
        return "its Return-Path is null, so it wants no answer (RFC 3834 section 2)"
    if message.all("x-ms-exchange-inbox-rules-loop") and wants_silence(message):
        return "an inbox rule of Exchange wrote it"
    if _AWAY_SUBJECT.search(folded(message.subject)) and (wants_silence(message) or _AWAY_TEXT.search(folded(message.text))):
        return "its subject and the rest of it are those of an absence message"
    return ""


def _is_null(value: str) -> bool:
    """RFC 5321 section 4.5.5; some servers write the null path as MAILER-DAEMON."""
    path = _without_comments(value).strip().strip("<>").strip().lower()
    return not path or path.partition("@")[0] == "mailer-daemon"


def bulk(message: Message) -> str:
    """A mailing list or bulk mail: any List-* header (RFC 2369, RFC 2919), or Precedence."""
    if any(name.startswith("list-") or name == "mailing-list" for name, _ in message.headers):
        return "it comes from a mailing list (List-* headers)"
    if any(_word(value) in ("bulk", "list", "junk") for value in message.all("precedence")):
        return "its Precedence says that it is bulk mail"
    return ""


def no_reply(message: Message) -> str:
    """A sender that reads no answers, or a robot."""
    if any(_NO_REPLY.search(name) for name in _names(message, "sender", "reply-to", "return-path")):
        return "its sender does not want to be answered"
    if any(_SYSTEM.fullmatch(name) for name in _names(message, "sender")):
        return "its sender is a system and no person"
    if any(_LIST_PATH.fullmatch(address.partition("@")[0]) for address in addresses(message, "return-path")):
        return "what can not be delivered of it goes to a list or a system"
    return ""


def scattered(message: Message) -> str:
    """Its From, its Reply-To and its Return-Path lie in three domains: an answer might go to somebody who has never written."""
    homes = [{_home(address) for address in addresses(message, header)} for header in ("from", "reply-to", "return-path")]
    apart = all(homes) and not (homes[0] & homes[1] or homes[0] & homes[2] or homes[1] & homes[2])
    return "From, Reply-To and Return-Path name three domains, and nothing proves any of them" if apart else ""


def _home(address: str) -> str:
    """The last two labels of the domain: near enough to whose it is to tell strangers apart."""
    return ".".join(address.rpartition("@")[2].split(".")[-2:])


def wants_silence(message: Message) -> bool:
    """Given a message, say whether it asks machines not to answer. Source: MS-OXCMAIL section 2.1.3.2.20.

    That is a wish of a server, not evidence that a machine wrote it.
    """
    wishes = {
        wish.strip().lower() for value in message.all("x-auto-response-suppress") for wish in re.split(r"[,;\s]+", _without_comments(value))
    }
    return bool(wishes & {"all", "oof", "autoreply"})
