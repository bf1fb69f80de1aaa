"""Letters as the mail clients of this world write them: Gmail, Outlook, an iPhone, Yandex, and a server that says somebody is away."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import Message as Mime
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr, make_msgid
from html import escape
from typing import Literal

from mailbot.hiring.model import Message
from mailbot.service.demo.papers import Paper

Client = Literal["Gmail", "Outlook", "iPhone", "Yandex", "Apple Mail"]
_MAILERS: Mapping[Client, str] = {"Outlook": "Microsoft Outlook 16.0", "iPhone": "iPhone Mail (23B85)", "Apple Mail": "Apple Mail (2.3864)"}


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody who writes letters, and with what."""

    name: str
    address: str
    client: Client
    charset: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody writes."""

    writer: Writer
    to: str
    text: str
    subject: str = ""
    files: Sequence[Paper] = ()
    #: The message that it answers, as it really arrived.
    answers: Message | None = None
    #: Written between the quoted lines, not above them.
    between: bool = False
    #: A machine says that its owner is away.
    absence: bool = False


def questions_in(letter: Message) -> dict[int, str]:
    """The numbered questions of a letter, as its reader sees them."""
    return {int(number): text.strip() for number, text in re.findall(r"(?m)^(\d+)\. (.+(?:\n(?!\n|\d+\. ).+)*)", letter.text)}


def numbered(answers: Mapping[int, str]) -> str:
    """Answers with the numbers of their questions."""
    return "\n".join(f"{number}. {answer}" for number, answer in answers.items())


def between_lines(letter: Message, answers: Mapping[int, str]) -> str:
    """The letter quoted, with each answer beneath its question."""
    lines: list[str] = []
    asked = questions_in(letter)
    for paragraph in re.split(r"\n\n+", letter.text.strip()):
        lines += [f"> {line}" for line in paragraph.splitlines()]
        number = next((number for number in asked if paragraph.startswith(f"{number}. ")), 0)
        lines += ["", answers[number], ""] if number in answers else [">"]
    return "\n".join(lines)


def written(draft: Draft, at: datetime) -> bytes:
    """Given a draft and the moment of writing, return the letter's bytes as its client sends them."""
    body = _body(draft)
    message: Mime = body
    if draft.files:
        message = MIMEMultipart("mixed")
        message.attach(body)
        for paper in draft.files:
            part = MIMEApplication(paper.content, paper.type.partition("/")[2])
            part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", paper.name))
            message.attach(part)
    writer, answered = draft.writer, draft.answers
    message["From"] = formataddr((writer.name, writer.address), charset=writer.charset)
    message["To"] = draft.to
    message["Subject"] = Header(draft.subject or _reply_subject(draft), writer.charset).encode()
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(domain=writer.address.partition("@")[2])
    if answered:
        message["In-Reply-To"] = answered.message_id
        message["References"] = " ".join((*answered.references, answered.message_id))
    if writer.client in _MAILERS:
        message["X-Mailer"] = _MAILERS[writer.client]
    if draft.absence:
        # As Exchange marks it (RFC 3834; MS-OXCMAIL 2.1.3.2.20).
        message["Auto-Submitted"] = "auto-replied"
        message["X-Auto-Response-Suppress"] = "All"
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _reply_subject(draft: Draft) -> str:
    assert draft.answers is not None  # a first letter has a subject of its own
    subject = re.sub(r"^(?:Re: )+", "", draft.answers.subject)
    return f"Автоматический ответ: {subject}" if draft.absence else f"Re: {subject}"


def _body(draft: Draft) -> Mime:
    """The text of a letter in the form that its client gives it."""
    writer, text = draft.writer, _fitting(draft.text, draft.writer.charset)
    quoted = _fitting(draft.answers.text.strip(), writer.charset) if draft.answers and not (draft.absence or draft.between) else ""
    sender = draft.answers.sender if draft.answers else None
    who = _fitting(f"{sender.name} <{sender.address}>", writer.charset) if sender else ""
    if writer.client == "iPhone":
        quote = (
            f'<blockquote type="cite">{escape(who)} написал(а):<br><br></blockquote><blockquote type="cite">{_html(quoted)}</blockquote>'
        )
        page = (
            f'<html><body dir="auto">{_html(text)}<br><br><div dir="ltr">Отправлено с iPhone</div>{quote if quoted else ""}</body></html>'
        )
        return MIMEText(page, "html", writer.charset)
    marked = "\n".join(f"> {line}".rstrip() for line in quoted.splitlines())
    plain = MIMEText(f"{text}\n\n{who}:\n\n{marked}\n" if quoted else f"{text}\n", "plain", writer.charset)
    if writer.client != "Gmail":
        return plain
    quote = (
        f'<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{escape(who)}:<br></div>'
        f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid #ccc">{_html(quoted)}</blockquote></div>'
    )
    both = MIMEMultipart("alternative")
    both.attach(plain)
    both.attach(MIMEText(f'<div dir="ltr">{_html(text)}</div>{quote if quoted else ""}', "html", writer.charset))
    return both


def _fitting(text: str, charset: str) -> str:
    """The text in the letters that a charset has; clients put the nearest one for the others, or a question mark."""
    if charset == "utf-8":
        return text
    return text.translate(str.maketrans("«»—–", '""--')).encode(charset, "replace").decode(charset)


def _html(text: str) -> str:
    return "".join(f"<div>{escape(line) or '<br>'}</div>" for line in text.splitlines())
