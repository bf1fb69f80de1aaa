"""Says what kind of message this is, and whether a machine may answer it at all: one table, read from top to bottom, first match wins."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mailbot.hiring import automatic
from mailbot.hiring.company import Company
from mailbot.hiring.model import Kind, Message, Reply
from mailbot.hiring.positions import names_any
from mailbot.hiring.wishes import wants_erasure, withdraws
from mailbot.hiring.wording import folded, without_links


@dataclass(frozen=True, slots=True)
class Authentication:
    """What a mail server says of a message in Authentication-Results (RFC 8601)."""

    dmarc: Literal["pass", "fail", "none"] = "none"
    #: Authenticated for the domain of From, at the pinned server.
    aligned: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What has to be known beside the message itself; gathered by the task that received it."""

    #: Its Message-ID stands in the outbox, or its X-Mailbot mark is ours, and it lies in Sent or comes from our address.
    ours: bool = False
    #: Its identity stands in a record.
    seen_before: bool = False
    too_large: bool = False
    folder: Literal["inbox", "sent", "junk"] = "inbox"
    #: It answers a message of an application that it belongs to.
    in_thread: bool = False
    #: Its sender has an application that it belongs to; a letter that opens a second application does not belong to the first.
    known_sender: bool = False
    authentication: Authentication = Authentication()
    #: `[imap] authserv_id` is set.
    pinned: bool = False
    #: What the token of a notice among its In-Reply-To and References is worth for this sender.
    token: Literal["valid", "expired", "foreign", "none"] = "none"  # noqa: S105
    #: clamd found something in an attachment.
    condemned: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a message is, which row of the table said so, whether a machine may answer it, and why."""

    kind: Kind
    rule: str
    may_answer: bool
    because: str


@dataclass(frozen=True, slots=True)
class _Given:
    message: Message
    evidence: Evidence
    company: Company
    reply: Reply

    @property
    def known(self) -> bool:
        return self.evidence.in_thread or self.evidence.known_sender

    @property
    def one_sender(self) -> bool:
        return self.message.sender is not None and len(automatic.authors(self.message)) == 1 and len(self.message.all("from")) <= 1

    @property
    def from_staff(self) -> bool:
        return bool(automatic.authors(self.message) & self.company.staff_addresses)

    def to_us(self, address: str) -> bool:
        return _untagged(address) in self.company.own_addresses | {self.company.escalation}


def _untagged(address: str) -> str:
    """job+b.7f3k9@… is job@…: the tag of RFC 5233."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


# Each function below looks at one row: given what is known, it returns the reason why the row applies, or "".


def _broken(given: _Given) -> str:
    return "it is larger than [limits] message_bytes" if given.evidence.too_large and given.evidence.folder != "sent" else ""


def _ours(given: _Given) -> str:
    return "mailbot wrote it itself" if given.evidence.ours else ""


def _duplicate(given: _Given) -> str:
    return "the same message has been handled before" if given.evidence.seen_before else ""


def _of_message(look: Callable[[Message], str]) -> Callable[[_Given], str]:
    return lambda given: look(given.message)


def _outside_junk(look: Callable[[_Given], str]) -> Callable[[_Given], str]:
    # Advertising of every kind lies there, also under our own address: it is a number in the digest, and no notice.
    return lambda given: "" if given.evidence.folder == "junk" else look(given)


def _staff(given: _Given) -> str:
    evidence = given.evidence
    if evidence.folder == "sent":
        return "a person sent it from our own mailbox"
    if not given.from_staff or not given.one_sender or evidence.folder == "junk":
        return ""
    proof, authenticated = evidence.token, evidence.authentication.aligned
    if proof == "valid" and (authenticated or not evidence.pinned):
        return "it comes from a listed address and answers a notice"
    if proof == "none" and authenticated and evidence.pinned:
        return (
            "it comes from a listed address and is authenticated; without a notice that it answers it is filed and stops the clock, no more"
        )
    return ""


def _staff_refused(given: _Given) -> str:
    evidence = given.evidence
    if not given.from_staff:
        return ""
    if not given.one_sender:
        return "its From names a listed address and others beside it"
    if evidence.folder == "junk":
        words = "it names a listed address, but the mail server took it for junk"
        return words if evidence.token in _REFUSED.keys() - {"none"} else ""
    return _REFUSED[evidence.token]


_REFUSED = {
    "expired": "it comes from a listed address, but the notice that it answers has expired",
    "foreign": "it comes from a listed address, but answers a notice that was written to somebody else, or to nobody",
    "valid": "it answers a notice from a listed address, but our mail server did not authenticate it",
    "none": "it names a listed address, but neither answers a notice nor is authenticated",
}


def _pretender(given: _Given) -> str:
    claimed = (*automatic.authors(given.message), *automatic.addresses(given.message, "sender", "return-path"))
    return "it names one of our own addresses as its sender, but is not ours" if any(given.to_us(address) for address in claimed) else ""


def _junk(given: _Given) -> str:
    if given.evidence.folder == "junk":
        return "the mail server took it for junk"
    if given.evidence.authentication.dmarc == "fail":
        return "its sender is forged: DMARC failed"
    if any(value.strip().lower().startswith("yes") for value in given.message.all("x-spam-flag")):
        return "the mail server marked it as spam"
    return ""


def _not_to_us(given: _Given) -> str:
    if any(given.to_us(recipient.address) for recipient in given.message.recipients):
        return ""
    return "none of our addresses stands in To, Cc or Resent: it was forwarded, or we are a hidden recipient"


def _erasure(given: _Given) -> str:
    return "it asks to have personal data deleted" if given.one_sender and wants_erasure(given.reply.new_text) else ""


def _withdrawal(given: _Given) -> str:
    return "it withdraws the application" if given.known and given.one_sender and withdraws(given.reply.new_text) else ""


def _strange_withdrawal(given: _Given) -> str:
    return "it withdraws an application that is not known" if not given.known and withdraws(given.reply.new_text) else ""


def _condemned_answer(given: _Given) -> str:
    return _condemned(given) if given.known else ""


def _condemned(given: _Given) -> str:
    return "the virus scanner condemned an attachment" if given.evidence.condemned else ""


def _silenced_answer(given: _Given) -> str:
    return _silenced(given) if _answer(given) else ""


def _silenced_application(given: _Given) -> str:
    return _silenced(given) if _application(given) else ""


def _silenced(given: _Given) -> str:
    if automatic.wants_silence(given.message):
        return "its sender asks machines not to answer (X-Auto-Response-Suppress)"
    return "" if given.evidence.authentication.dmarc == "pass" else automatic.scattered(given.message)


def _application(given: _Given) -> str:
    if given.known or not given.one_sender:
        return ""
    message, text = given.message, given.reply.new_text
    if names_any(given.company.positions, message.subject, text):
        return "a person writes to us and names an opening"
    if any(_is_document(attachment.name, attachment.type) for attachment in message.attachments):
        return "a person writes to us and attaches what may be a CV"
    if _APPLYING.search(folded(without_links(f"{message.subject}\n{text}"))):
        return "a person writes to us about work"
    return ""


def _answer(given: _Given) -> str:
    if not given.known or not given.one_sender:
        return ""
    return "it answers in a known thread" if given.evidence.in_thread else "its sender has an application"


def _no_one(given: _Given) -> str:
    return "" if given.one_sender else "its From does not name exactly one sender"


def _other(_given: _Given) -> str:
    return "nothing in it says that somebody applies for work"


#: The words of applying, as they stand in folded text.
_APPLYING = re.compile(
    r"\b(?:ваканси|резюме|отклик|откликаюсь|работ|стаж[еи]р|собеседован|трудоустро|соискател|кандидат|анкет|сопроводительн|портфолио)"
    r"|\b(?:cv|resumes?|résumés?|curriculum vitae|jobs?|positions?|vacanc(?:y|ies)|appl(?:y|ying|ied|ication|icant)|internships?|intern"
    r"|interview|candidate|cover letter|portfolio)\b"
)
_DOCUMENT_NAME = re.compile(r"\.(?:pdf|docx?|odt|rtf|pages)$", re.IGNORECASE)
_DOCUMENT_TYPE = re.compile(
    r"application/(?:pdf|msword|rtf|vnd\.openxmlformats-officedocument\.wordprocessingml\.document|vnd\.oasis\.opendocument\.text)|text/rtf"
)


def _is_document(name: str, type: str) -> bool:
    """A CV by its form, or a file of any form (a scan, an archive) that calls itself one."""
    named = re.search(r"резюме|анкета|(?<![^\W_])cv(?![^\W_])|resume|curriculum", folded(name).replace("_", " "))
    return bool(_DOCUMENT_NAME.search(name) or _DOCUMENT_TYPE.fullmatch(type) or named)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the decision table."""

    rule: str
    kind: Kind
    may_answer: bool
    #: The reason why the row applies, or "".
    applies: Callable[[_Given], str]


#: Design section 6. D16, the caps, is no row but the gate in `sending`, which every answer passes last.
TABLE: tuple[Row, ...] = (
    Row("D0", "broken", False, _broken),
    Row("D1", "ours", False, _ours),
    Row("D10", "duplicate", False, _duplicate),
    Row("D3", "delayed", False, _of_message(automatic.delay)),
    Row("D3", "receipt", False, _of_message(automatic.delivery)),
    Row("D3", "bounce", False, _of_message(automatic.bounce)),
    Row("D4", "receipt", False, _of_message(automatic.receipt)),
    Row("D4", "complaint", False, _of_message(automatic.complaint)),
    Row("D4", "calendar", False, _of_message(automatic.calendar)),
    Row("D5", "auto_reply", False, _of_message(automatic.auto_reply)),
    Row("D6", "list", False, _outside_junk(_of_message(automatic.bulk))),
    Row("D6", "no_reply", False, _outside_junk(_of_message(automatic.no_reply))),
    Row("D9", "staff", False, _staff),
    Row("D9", "staff_refused", False, _staff_refused),
    Row("D2", "pretender", False, _outside_junk(_pretender)),
    Row("D7", "junk", False, _junk),
    Row("D8", "forwarded", False, _not_to_us),
    Row("D11", "erasure", True, _erasure),
    Row("D11", "answer", True, _withdrawal),
    Row("D11", "other", False, _strange_withdrawal),
    Row("D12", "answer", False, _condemned_answer),
    Row("D12", "other", False, _condemned),
    Row("D13", "answer", False, _silenced_answer),
    Row("D13", "application", False, _silenced_application),
    Row("D14", "application", True, _application),
    Row("D15", "answer", True, _answer),
    Row("D17", "other", False, _no_one),
    Row("D17", "other", False, _other),
)


def judge(message: Message, evidence: Evidence, company: Company, reply: Reply) -> Judgement:
    """Given a message, what is known of it, the company and its text taken apart, say what it is and whether a machine may answer it.

    Always ends in a judgement: the last row applies to everything. Sources of the rules: RFC 3834, RFC 5230, RFC 6522, RFC 8098, RFC 5965.
    """
    given = _Given(message, evidence, company, reply)
    return next(Judgement(row.kind, row.rule, row.may_answer, because) for row in TABLE if (because := row.applies(given)))
