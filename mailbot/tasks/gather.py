"""Gathering: everything a decision needs to know of one message, read from the message, the records and the configuration."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Literal

from mailbot.errors import Permanent
from mailbot.hiring import wishes
from mailbot.hiring.answers import read_answers
from mailbot.hiring.case import Case, FiledMessage, Intent
from mailbot.hiring.company import Recruiter
from mailbot.hiring.facts import Facts, StaffRoute
from mailbot.hiring.kinds import Authentication, Evidence, Judgement, judge
from mailbot.hiring.matching import Known, Match, match
from mailbot.hiring.model import Application, Message
from mailbot.hiring.person import person
from mailbot.hiring.positions import language, recognise
from mailbot.mail import authentication, extract
from mailbot.mail.parcel import Read
from mailbot.records.key import Key
from mailbot.tasks.carry import case_of, office_reference
from mailbot.tasks.desk import Desk
from mailbot.tasks.found import OUR_FORM

#: A letter first seen later than this after its arrival is recorded and shown to a person, not answered (design section 5).
LATE = timedelta(days=14)
#: What is answered by a machine of ours, so that a machine could answer that.
_ANSWERED = frozenset({"application", "answer", "erasure", "staff", "staff_refused"})
Role = Literal["inbox", "sent", "junk"]


@dataclass(frozen=True, slots=True)
class Gathered:
    """A message with its facts, the application it belongs to, and what a staff member's answer is about."""

    message: Message
    facts: Facts
    application: Application | None
    about: int = 0

    @property
    def may_loop(self) -> bool:
        """Whether something of ours may go back to its sender, who may be a machine. What a person writes from our own mailbox is none."""
        staff = self.facts.staff
        return self.facts.judgement.kind in _ANSWERED and (staff is None or staff.route == "notice")

    def body(self, key: Key) -> str:
        """The keyed hash of what it says, its attachments too; "" if it says nothing."""
        text = " ".join((self.facts.reply.new_text or self.message.text).split())
        files = [sha256(attachment.content).hexdigest() for attachment in self.message.attachments]
        return key.hash("\n".join((text, *files))) if text or files else ""


@dataclass(frozen=True, slots=True)
class _Notice:
    """A notice of ours that a message answers."""

    case: Case
    filed: FiledMessage
    intent: Intent
    token: Literal["valid", "expired", "foreign"]


def gather(desk: Desk, read: Read, *, role: Role, arrived: datetime, folder: str = "", too_large: bool = False) -> Gathered:
    """Given a message as it was read, the role and the name of its folder and its arrival, return all that is known of it.

    Reads, never writes.

    Raise BadMessage if a message of its case can not be read any more, Permanent if a record is damaged, Temporary.
    """
    message, reply = read.message, read.reply
    identity = desk.key.identity(message)
    position = recognise(desk.company.positions, message.subject, reply.new_text, tuple(a.name for a in message.attachments))
    notice = _notice(desk, message, role)
    found = _matched(desk, message, position.id if position else "", notice, role)
    dmarc, aligned = authentication.verdict(message, desk.settings.imap.authserv_id)
    evidence = Evidence(
        ours=_is_ours(desk, message, role),
        seen_before=_seen_before(desk, identity, role, folder),
        too_large=too_large,
        folder=role,
        in_thread=found.how == "thread",
        known_sender=found.how == "address",
        authentication=Authentication(dmarc, aligned),
        pinned=bool(desk.settings.imap.authserv_id),
        token=notice.token if notice else "none",
        condemned=False,
    )
    judgement = judge(message, evidence, desk.company, reply)
    if judgement.kind != "ours" and message.message_id.startswith("<mb1."):
        # Filed under a copy of a Message-ID of ours, it would draw the answers to our message into its own application.
        message = replace(message, message_id="")
    if judgement.kind not in ("ours", "duplicate"):
        limit = desk.company.limits.attachment_bytes
        message = replace(message, attachments=extract.read_all(message.attachments, limit))
    application = desk.store.load(found.reference).application if found.reference else None
    questions = application.questions if application else ()
    facts = Facts(
        arrived=arrived,
        identity=identity,
        judgement=judgement,
        match=found,
        reply=reply,
        language=language(f"{message.subject}\n{reply.new_text}"),
        position=position,
        person=person(message, reply.new_text),
        reference=_new_reference(desk, identity),
        answers=read_answers(questions, reply) if questions else (),
        asks_us=wishes.asks_us(reply.new_text, tuple(question.text for question in questions)),
        postpones=wishes.postpones(reply.new_text),
        staff=_route(desk, message, judgement, notice, role, arrived),
        answered=_answered(desk, message, arrived) if judgement.kind == "application" and application is None else None,
        late=desk.clock() - arrived > LATE,
        returned_purpose=_returned_purpose(desk, message),
    )
    return Gathered(message, facts, application, notice.filed.about if notice and notice.case.application else 0)


def _seen_before(desk: Desk, identity: str, role: Role, folder: str) -> bool:
    """Whether the same message has been decided on.

    What a person writes from our own mailbox with a copy to it may be seen in INBOX first, where it proves nothing; in Sent it does. What
    lay in the junk folder has had no answer; whoever moves it to another folder, or has it retried, says that it is none.
    """
    earlier = desk.ledger.latest_of(identity)
    if earlier is None:
        return False
    if role == "sent":
        return earlier.verdict not in ("pretender", "staff_refused")
    return not (role == "inbox" and earlier.verdict == "junk" and earlier.folder not in ("", folder))


def _is_ours(desk: Desk, message: Message, role: Role) -> bool:
    """Whether mailbot wrote it: by its mark, which survives servers that rewrite Message-IDs, or by its Message-ID.

    Whoever has had a message of ours has both, and reports, mail programs and strangers give them back on letters of their own: outside
    of Sent they count only beside our address in From.
    """
    if role != "sent" and (message.sender is None or message.sender.address not in desk.company.own_addresses):
        return False
    if any(desk.key.is_mark(mark) for mark in message.all("x-mailbot")):
        return True
    return bool(message.message_id) and _written_by_us(desk, message.message_id) is not None


def _written_by_us(desk: Desk, message_id: str) -> tuple[Case, FiledMessage] | None:
    """The case and the filed message that went out under this Message-ID; None if none did."""
    known = desk.catalogue.by_message_id(message_id)
    if known is None:
        return None
    case = desk.store.load(known.reference)
    filed = next((m for m in case.messages if m.direction == "out" and compare_digest(m.message_id.encode(), message_id.encode())), None)
    return (case, filed) if filed else None


def _written_by_the_office(desk: Desk, token: str) -> tuple[Case, FiledMessage] | None:
    """The same for what belongs to no application. It stands where the outbox knows it to, or beside the held message that it tells of."""
    form = OUR_FORM.fullmatch(token)
    entries = desk.outbox.entries() if form else ()
    places = {e.reference for e in entries if e.reference.startswith("office/") and form and (e.state == "held" or e.id == form["intent"])}
    for place in sorted(places):
        case = desk.store.load(place)
        for filed in case.messages:
            if filed.direction == "out" and compare_digest(filed.message_id.encode(), token.encode()):
                return case, filed
    return None


def _notice(desk: Desk, message: Message, role: Role) -> _Notice | None:
    """The notice that a staff member's message answers, by a token in In-Reply-To or References alone (design section 6)."""
    if role == "sent" or message.sender is None or message.sender.address not in desk.company.staff_addresses:
        return None
    for token in (*message.in_reply_to, *message.references):
        if not token.startswith("<mb1."):
            continue
        found = _written_by_us(desk, token) or _written_by_the_office(desk, token)
        intent = next((i for i in found[0].intents if i.message_id == token and i.expires), None) if found else None
        if found and intent and intent.expires:
            case, filed = found
            if intent.to != message.sender.address:
                return _Notice(case, filed, intent, "foreign")
            return _Notice(case, filed, intent, "valid" if desk.clock() <= intent.expires else "expired")
    return None


def _matched(desk: Desk, message: Message, position: str, notice: _Notice | None, role: Role) -> Match:
    """The application it belongs to: of the notice it answers, of the candidate it was sent to, else by the rules of `matching`."""
    if notice and notice.case.application:
        return Match(notice.case.reference, "thread", confirmed=True)
    if _witness_refused(desk, message):
        return Match("", "", confirmed=False)
    returned = desk.catalogue.by_message_id(message.report.message_id) if message.report and message.report.message_id else None
    if returned:
        return Match(returned.reference, "thread", confirmed=True)
    staff = message.sender is not None and message.sender.address in desk.company.staff_addresses | desk.company.own_addresses
    if role != "sent" and not staff:
        return match(message, position, desk.catalogue)
    for earlier in (*message.in_reply_to, *reversed(message.references)):
        known = desk.catalogue.by_message_id(earlier)
        if known:
            return Match(known.reference, "thread", confirmed=True)
    for recipient in message.recipients:
        cases: tuple[Known, ...] = desk.catalogue.by_address(recipient.address)
        if cases:
            newest = max(cases, key=lambda known: (known.open, known.last_message))
            return Match(newest.reference, "address", confirmed=True)
    return Match("", "", confirmed=False)


def _route(desk: Desk, message: Message, judgement: Judgement, notice: _Notice | None, role: Role, arrived: datetime) -> StaffRoute | None:
    """On which way a staff member's message came; None where it is none, or where it counts for nothing."""
    if judgement.kind not in ("staff", "staff_refused") or message.sender is None:
        return None
    recruiter = desk.company.staff(message.sender.address) or Recruiter(name=message.sender.name, address=message.sender.address)
    if notice is None:
        return StaffRoute("sent" if role == "sent" else "direct", recruiter)
    about = next((m for m in notice.case.messages if m.number == notice.filed.about), None)
    earlier = [m for m in notice.case.messages if m.direction == "in" and m.kind == "staff" and m.about and m.about == notice.filed.about]
    first = None
    if earlier and earlier[0].sender != recruiter.address:
        colleague = desk.company.staff(earlier[0].sender)
        first = (colleague.name if colleague and colleague.name else earlier[0].sender, earlier[0].at)
    return StaffRoute(
        "notice",
        recruiter,
        expired=notice.token == "expired",  # noqa: S105 - a word about it, no secret
        notice_text=letter_of(desk, notice.case, notice.filed).message.text,
        candidate_words=letter_of(desk, notice.case, about).message.text if about else "",
        first=first,
        asks_of_held=notice.intent.purpose == "held",
        held=_held(desk, about, arrived) if notice.intent.purpose == "held" and about else "",
    )


def _held(desk: Desk, about: FiledMessage, arrived: datetime) -> str:
    """The id of the held message that a notice tells of, if that notice still asks: one that was held anew later has another."""
    entry = desk.outbox.get(about.identity)
    return entry.id if entry and entry.state == "held" and entry.at <= arrived else ""


def letter_of(desk: Desk, case: Case, filed: FiledMessage) -> Read:
    """Given a message as it stands in a case, return it read anew from its bytes. Raise BadMessage if that fails now, or Temporary."""
    return desk.reader.read(desk.store.read(case.reference, filed.path))


def _answered(desk: Desk, message: Message, arrived: datetime) -> datetime | None:
    """When a person last wrote to the sender of a first letter from our own mailbox; what belongs to no application is in the office."""
    assert message.sender is not None  # kinds lets nobody else through as a candidate
    written: list[datetime] = []
    for month in {office_reference(desk, arrived), office_reference(desk, desk.clock())}:
        # A damaged record of the office must not stop every first letter.
        with suppress(Permanent):
            filed = case_of(desk, month).messages
            written += [m.at for m in filed if m.direction == "in" and m.kind == "staff" and m.to == message.sender.address]
    return max(written, default=None)


def _returned_purpose(desk: Desk, message: Message) -> str:
    """What the message was for that a report speaks of; "" if it is not known as ours."""
    if _witness_refused(desk, message):
        return ""
    found = _written_by_us(desk, message.report.message_id) if message.report and message.report.message_id else None
    return found[1].kind if found else ""


def _witness_refused(desk: Desk, message: Message) -> bool:
    """Whether it reports on the witness's copy alone: the message itself may well have arrived."""
    witness = desk.settings.smtp.witness
    return bool(witness) and message.report is not None and message.report.address == witness.lower()


def _new_reference(desk: Desk, identity: str) -> str:
    """The public name that a new application would get: the first that is not taken by another."""
    attempt = 0
    while desk.store.stamp(desk.key.reference(identity, attempt)):
        attempt += 1
    return desk.key.reference(identity, attempt)
