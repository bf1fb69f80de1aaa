"""Carrying a decision out: its messages are rendered to their final bytes, then all of it is committed at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from mailbot.errors import Permanent
from mailbot.hiring.actions import Action, Decision, Relay
from mailbot.hiring.candidates import thread_with
from mailbot.hiring.case import Case, FiledAttachment, FiledMessage, HistoryEntry, Intent
from mailbot.hiring.letters import AFTER_READING
from mailbot.hiring.model import Attachment, Message
from mailbot.mail.compose import Envelope, thread_subject, write
from mailbot.records.files import in_words, safe_name
from mailbot.records.outbox import Entry
from mailbot.records.store import Commit, NewMessage
from mailbot.tasks.desk import Desk
from mailbot.tasks.found import recognise_sent
from mailbot.tasks.summary import summarise

#: What is decided on so long after its letter came is backlog.
_BELATED = timedelta(hours=1)
#: How long an answer to a notice counts (design section 6).
TOKEN_DAYS = 90
#: A part of the office with so many messages takes no more: for each one its record is read and written as a whole.
FULL = 100


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came in and is to be filed with a decision."""

    message: Message
    raw: bytes
    kind: str
    identity: str
    at: datetime
    confirmed: bool = True
    #: For a staff member's answer to a notice: the number of the message that the notice tells of.
    about: int = 0
    #: Keyed hash of what it says.
    body: str = ""


def carry_out(
    desk: Desk,
    decision: Decision,
    arrival: Arrival | None = None,
    about: int = 0,
    committed: Callable[[str], None] = lambda reference: None,
    office: str = "",
) -> str:
    """Given a decision and what came in, render, commit and put on the outbox; return the case's reference.

    `about` is the number of the message that notices tell of where nothing came in, and `office` the part of the office in which it
    stands, if it belongs to no application. `committed` is called with the
    reference once the record is on the disk, and before the catalogue knows of it: a stop in between is seen at the
    next start by the record that the catalogue does not fit. Doing it twice changes nothing: what has been filed or
    intended before is recognised by its identity. Raise Temporary if the disk does not let us; then nothing has happened.
    """
    now = desk.clock()
    application = decision.application
    known_place = application.reference if application else office
    case = case_of(desk, known_place) if known_place else _office(desk, arrival, now)
    reference = case.reference
    number = max((message.number for message in case.messages), default=0)
    messages: list[NewMessage] = []
    if arrival:
        known = next((m for m in case.messages if m.identity == arrival.identity and m.direction == "in"), None)
        if known is None:
            number += 1
            messages.append(_filed(arrival, number, decision.rule))
            about = arrival.about or number
        else:
            about = arrival.about or known.number
    intents: list[Intent] = []
    taken = {intent.id for intent in case.intents}
    thread = application.thread if application else ()
    for action in decision.actions:
        intent, raw, subject = _rendered(desk, reference, action, decision, now)
        if intent.id in taken:
            continue
        taken.add(intent.id)
        number += 1
        path = f"messages/{number:04d}.eml"
        intents.append(replace(intent, path=path))
        filed = FiledMessage(
            number=number,
            direction="out",
            kind=intent.purpose,
            sender=desk.company.job,
            to=intent.to,
            subject=subject,
            message_id=intent.message_id,
            at=now,
            path=path,
            identity=intent.id,
            rule=decision.rule,
            about=about if intent.expires else 0,
        )
        messages.append(NewMessage(filed, raw, ()))
        if intent.audience == "candidate":
            thread = thread_with(thread, intent.message_id)
    if application:
        application = replace(application, thread=thread)
    if decision.actions and not (messages or intents) and application in (None, case.application):
        return reference
    came = (HistoryEntry(now, f"{arrival.kind} came", decision.rule, decision.because),) if arrival else ()
    commit = Commit(reference, application, tuple(messages), tuple(intents), (*came, *decision.history))
    after = desk.store.commit(commit)
    committed(reference)
    for intent in intents:
        plan(desk, reference, intent, belated=arrival is not None and now - arrival.at > _BELATED)
    note(desk, after)
    return reference


def plan(desk: Desk, reference: str, intent: Intent, *, belated: bool = False) -> None:
    """Put an intent that stands in a record on the outbox; one that is there already changes nothing. `belated`: what it answers had come
    long before it was decided."""
    local, _, domain = intent.to.rpartition("@")
    entry = Entry(
        id=intent.id,
        reference=reference,
        purpose=intent.purpose,
        audience=intent.audience,
        automatic=intent.automatic,
        message_id=intent.message_id,
        # maria+1@ and maria+2@ are one mailbox (RFC 5233), so the caps count them as one.
        address_hash=desk.key.hash(f"{local.partition('+')[0]}@{domain}"),
        domain_hash=desk.key.hash(domain),
        planned_at=intent.decided,
        at=intent.decided,
        not_before=intent.not_before,
        # What waits may be overtaken by what has come meanwhile.
        waits_for_reading=intent.purpose in AFTER_READING or intent.not_before is not None,
        belated=belated,
    )
    desk.outbox.planned(entry)
    recognise_sent(desk, intent)


def note(desk: Desk, case: Case) -> None:
    """Bring the catalogue's line of an application up to date; the office has none."""
    if case.application:
        desk.catalogue.put(summarise(case, case.application, desk.moment()), desk.store.stamp(case.reference))


def case_of(desk: Desk, reference: str) -> Case:
    """The case with this reference, an empty one if there is none yet."""
    return desk.store.load(reference) if desk.store.stamp(reference) else Case(reference, None)


def office_reference(desk: Desk, now: datetime) -> str:
    """The case of the month for what belongs to no application: "office/2026-11"."""
    return f"office/{desk.worktime.local(now):%Y-%m}"


def _office(desk: Desk, arrival: Arrival | None, now: datetime) -> Case:
    """The case for what belongs to no application: that of the month for what mailbot and our people write by themselves, and a part of it
    for what comes from outside, which may be any number; what stands in one of them stays there."""
    month = office_reference(desk, now)
    if arrival is None or arrival.kind == "staff":
        return case_of(desk, month)
    earlier = desk.ledger.reference_of(arrival.identity)
    if earlier.startswith(month):
        return case_of(desk, earlier)
    number = max((int(part.rpartition(".")[2]) for part in desk.store.offices(month) if part != month), default=1)
    newest = case_of(desk, f"{month}.{number:04d}")
    return newest if len(newest.messages) < FULL else Case(f"{month}.{number + 1:04d}", None)


def _filed(arrival: Arrival, number: int, rule: str) -> NewMessage:
    message = arrival.message
    files: list[tuple[str, bytes]] = []
    attachments: list[FiledAttachment] = []
    for place, attachment in enumerate(message.attachments, start=1):
        path = f"attachments/{number:04d}-{place:02d}-{safe_name(attachment.name, attachment.type)}"
        files.append((path, attachment.content))
        attachments.append(
            FiledAttachment(attachment.name, attachment.type, len(attachment.content), attachment.verdict, path, attachment.because)
        )
    filed = FiledMessage(
        number=number,
        direction="in",
        kind=arrival.kind,
        sender=message.sender.address if message.sender else "",
        to=message.recipients[0].address if message.recipients else "",
        subject=message.subject,
        message_id=message.message_id,
        at=arrival.at,
        path=f"messages/{number:04d}.eml",
        identity=arrival.identity,
        rule=rule,
        attachments=tuple(attachments),
        confirmed=arrival.confirmed,
        about=arrival.about,
        body=arrival.body,
    )
    return NewMessage(filed, arrival.raw, tuple(files))


def _rendered(desk: Desk, reference: str, action: Action, decision: Decision, now: datetime) -> tuple[Intent, bytes, str]:
    """One action as an intent, its final bytes and its subject."""
    company = desk.company
    purpose = "relay" if isinstance(action, Relay) else action.purpose
    name = desk.key.intent(reference, purpose, action.to, action.cause)
    expires = None
    if not isinstance(action, Relay) and action.answerable:
        expires = now + timedelta(days=TOKEN_DAYS)
        secret = desk.key.token(name, reference, action.to, purpose, expires)
    else:
        secret = desk.key.letter(name)
    message_id = f"<mb1.{name}.{secret}@{company.job.rpartition('@')[2]}>"
    if isinstance(action, Relay):
        sender_name, auto = action.name or company.name, ""
        subject, html, attachments = "", "", action.attachments
        text = f"{action.text.strip()}\n\n{action.signature or company.signature}".strip() + "\n"
    else:
        sender_name, auto = company.name, action.auto_submitted
        rendered = desk.templates.render(action.language, action.template, action.facts)
        subject, text, html = rendered.subject, rendered.text, rendered.html
        attachments = (*action.attachments, *(_read(path) for path in action.files))
    if action.subject:
        subject = f"Re: {thread_subject(action.subject)}"
    envelope = Envelope(
        sender_name=sender_name,
        sender=company.job,
        to=action.to,
        message_id=message_id,
        date=desk.worktime.local(now),
        subject=subject or company.name,
        auto_submitted=auto,
        in_reply_to=action.thread[-1] if action.thread else "",
        # A token stands first among the References too, for servers that rewrite Message-IDs (design section 6).
        references=(message_id, *action.thread) if expires else action.thread,
        mark=desk.key.mark(name),
    )
    raw = write(envelope, text, html, attachments)
    intent = Intent(
        id=name,
        purpose=purpose,
        audience="candidate" if isinstance(action, Relay) else action.audience,
        to=action.to,
        message_id=message_id,
        path="",
        decided=now,
        rule=decision.rule,
        because=decision.because,
        not_before=action.not_before,
        automatic=not isinstance(action, Relay) and action.automatic,
        expires=expires,
        digest=sha256(raw).hexdigest(),
    )
    return intent, raw, envelope.subject


def _read(path: str) -> Attachment:
    """A file of the configuration as an attachment. Raise Permanent if it is not there, Temporary if it can not be read now."""
    from mimetypes import guess_type  # noqa: PLC0415

    file = Path(path)
    if not file.exists():
        # It would keep everybody behind this one waiting.
        raise Permanent(f"{file}: it is not there. Put it back, or name another one in config.toml; then mailbot quarantine retry")
    with in_words(file):
        return Attachment(file.name, guess_type(file.name)[0] or "application/octet-stream", file.read_bytes())
