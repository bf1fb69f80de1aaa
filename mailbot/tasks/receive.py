"""Receiving: what stands in the mailbox is read, decided, committed; every message ends in exactly one verdict."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from mailbot.errors import BadMessage, MailbotError, Temporary
from mailbot.hiring.actions import Send
from mailbot.hiring.model import Application
from mailbot.hiring.process import on_farewell, on_message
from mailbot.mail.mailbox import Fetched, FolderState, Headline, MailboxPort
from mailbot.mail.parcel import Read
from mailbot.records.files import refuse_without_room
from mailbot.tasks.age import age
from mailbot.tasks.breaker import watch_for_echo, watch_for_loop
from mailbot.tasks.broken import STRIKES, asked_again, known_poison, not_given, quarantine
from mailbot.tasks.carry import Arrival, carry_out
from mailbot.tasks.contact import LOST, meet, note_seen, without_verdict
from mailbot.tasks.desk import Desk
from mailbot.tasks.found import note_found
from mailbot.tasks.gather import Gathered, Role, gather
from mailbot.tasks.held import drop, resend
from mailbot.tasks.modes import enter_safe_mode
from mailbot.tasks.sent import take_as_evidence
from mailbot.tasks.withheld import header_of, in_words, our_message_id

#: So much of the disk stays free, in bytes: what must be noted of messages on their way out has room when letters have none any more.
_ROOM = 500_000_000
#: If the server refuses more at once and gives nothing, it is itself in trouble.
_A_FEW = 10
#: Sees what was gathered of a message in another light.
Regard = Callable[[Gathered], Gathered]

log = logging.getLogger(__name__)


def read_folder(desk: Desk, mailbox: MailboxPort, state: FolderState, role: Role, between: Callable[[], None]) -> int:
    """Given an open connection and the folder just opened on it, take in everything that has no verdict yet; return how many messages.

    `between` is called after each message, so that what was decided goes out before the next is read; it must not
    use the connection. Raise Temporary where the server or the disk fails: what was taken in until then stays, and
    the rest is taken in the next time.
    """
    meet(desk, mailbox, role, state)
    todo = [*without_verdict(desk, mailbox, role, state), *asked_again(desk, state)]
    return take_in_all(desk, mailbox, state, role, todo, between)


def take_in_all(
    desk: Desk,
    mailbox: MailboxPort,
    state: FolderState,
    role: Role,
    todo: Sequence[Headline],
    between: Callable[[], None],
    regard: Regard = lambda gathered: gathered,
    *,
    strikes: bool = True,
) -> int:
    """Given an open connection, the folder just opened on it and some of its messages, bring each to its verdict; return how many were
    there to be read. `between` and what is raised: as for `read_folder`. `regard` may see the facts of a message otherwise;
    without `strikes` it costs a message nothing that the server does not give it."""
    limit = desk.company.limits.message_bytes
    if todo:
        refuse_without_room(desk.settings.state_dir, max(_ROOM, limit * 3 // 2))
    missing = {headline.uid: headline for headline in todo}
    note_seen(desk, mailbox, state, todo)
    taken = 0
    refused: list[Temporary] = []
    for fetched in _fetched(mailbox, todo, limit, refused):
        headline = missing.pop(fetched.headline.uid)
        _take_in(desk, role, state, headline, fetched.raw, regard, too_large=headline.size > limit)
        taken += 1
        between()
    if refused:
        log.error("the server does not give %d messages; they are asked for again: %s", len(missing), refused[0])
        # Where nothing is given of many, the trouble is not theirs.
        of_each = strikes and (taken > 0 or len(missing) <= _A_FEW)
        for uid in sorted(missing):
            known = _known_by_header(desk, mailbox, state, uid) if role == "sent" else False
            if of_each and not known and not_given(desk, state, missing[uid], str(refused[0])) and known is None:
                enter_safe_mode(desk, in_words(desk, missing[uid]))
    else:
        for uid in sorted(missing):
            desk.ledger.gone(state.name, state.uidvalidity, uid, desk.clock())
    return taken


def _known_by_header(desk: Desk, mailbox: MailboxPort, state: FolderState, uid: int) -> bool | None:
    """Given a message that Sent lists and does not give, bring it to its verdict if its header shows that mailbot wrote it; None if that is
    not given either: it may have gone out after a backup was made."""
    header = header_of(mailbox, uid)
    message_id = our_message_id(desk, header) if header else ""
    if message_id:
        if note_found(desk, message_id):
            enter_safe_mode(desk, LOST)
        desk.ledger.verdict(state.name, state.uidvalidity, uid, "ours", "", "", "D1", desk.clock())
    return None if header is None else bool(message_id)


def _fetched(mailbox: MailboxPort, headlines: Sequence[Headline], limit: int, refused: list[Temporary]) -> Iterator[Fetched]:
    """What the server gives, of those larger than the limit their headers; that it gives some of it not, over a connection that lives, is
    added to `refused` and stops nothing else."""
    try:
        yield from mailbox.fetch([headline for headline in headlines if headline.size <= limit])
    except Temporary as refusal:
        # Raises if it is the connection that is gone.
        mailbox.noop()
        refused.append(refusal)
    for headline in headlines:
        if headline.size > limit:
            try:
                header = mailbox.header(headline.uid)
            except Temporary as refusal:
                mailbox.noop()
                refused.append(refusal)
                continue
            if header:
                yield Fetched(headline, header)


def _take_in(
    desk: Desk, role: Role, state: FolderState, headline: Headline, raw: bytes, regard: Regard, *, too_large: bool = False
) -> None:
    """One message to its verdict; nothing that is in it stops the next."""
    if same := known_poison(desk, raw):
        # Moved, or numbered anew: it is shown once, and a person retries it from there.
        reference = desk.ledger.reference_of(same)
        desk.ledger.verdict(state.name, state.uidvalidity, headline.uid, "duplicate", same, reference, "D0", desk.clock(), same_as=same)
        log.info("message taken in", extra={"case": reference, "kind": "duplicate", "rule": "D0"})
        return
    attempts = desk.ledger.attempt(state.name, state.uidvalidity, headline.uid, desk.clock())
    if attempts > STRIKES:
        # It was begun so often and never ended: whatever it does, it does not do it again.
        quarantine(desk, role, state, headline, raw, "mailbot stopped in the middle of it", attempts)
        return
    try:
        _decide(desk, role, state, headline, desk.reader.read(raw), raw, regard, too_large=too_large)
    except Temporary:
        # A disk in trouble says nothing of the message.
        with suppress(Temporary):
            desk.ledger.put_off(state.name, state.uidvalidity, headline.uid, desk.clock())
        raise
    except BadMessage as bad:
        quarantine(desk, role, state, headline, raw, str(bad), attempts)
    except Exception as bug:
        # A bug of ours must not cost the next message its answer. It is shown, and tried again at the next pass.
        log.exception("a message could not be handled, attempt %d", attempts)
        if attempts >= STRIKES:
            what = bug if isinstance(bug, MailbotError) else type(bug).__name__
            quarantine(desk, role, state, headline, raw, f"mailbot failed on it: {what}", attempts)


def _decide(
    desk: Desk, role: Role, state: FolderState, headline: Headline, read: Read, raw: bytes, regard: Regard, *, too_large: bool
) -> None:
    arrived = min(headline.arrived, desk.clock())
    identity = desk.key.identity(read.message)
    first = desk.ledger.arrival_of(identity)
    gathered = gather(desk, read, role=role, arrived=min(first, arrived) if first else arrived, folder=state.name, too_large=too_large)
    seen_as = age(desk, role, state, headline, read.message)
    if seen_as == "late":
        gathered = replace(gathered, facts=replace(gathered.facts, late=True))
    gathered = regard(gathered)
    judgement = gathered.facts.judgement
    kind: str = judgement.kind

    def verdict(reference: str) -> None:
        desk.ledger.verdict(
            state.name,
            state.uidvalidity,
            headline.uid,
            kind,
            identity,
            reference,
            judgement.rule,
            desk.clock(),
            same_as=identity if kind == "duplicate" else "",
        )
        log.info("message taken in", extra={"case": reference, "kind": kind, "rule": judgement.rule})

    if role == "sent" and note_found(desk, read.message.message_id):
        enter_safe_mode(desk, LOST)
        kind = "ours"
    if role == "sent" or kind != "ours":
        take_as_evidence(desk, read.message, in_sent=role == "sent")
    if kind == "ours" and role == "inbox" and not desk.settings.smtp.witness:
        watch_for_echo(desk)
    if kind in ("ours", "duplicate"):
        verdict(desk.ledger.reference_of(identity))
        return
    # What has its row already is to be adopted.
    if seen_as == "old" and desk.ledger.verdict_of(state.name, state.uidvalidity, headline.uid) is None:
        desk.ledger.verdict(state.name, state.uidvalidity, headline.uid, "old", "", "", "", desk.clock())
        return
    decide(desk, gathered, raw, verdict)


def decide(desk: Desk, gathered: Gathered, raw: bytes, committed: Callable[[str], None]) -> str:
    """Given a message with its facts and its bytes, decide on it and carry that out; return the case's reference and why.

    `committed` and what is raised: as for `carry_out`.
    """
    facts = gathered.facts
    decision = on_message(gathered.application, gathered.message, facts, desk.moment())
    # An answer that came back to its writer has answered nobody.
    came_back = any(isinstance(action, Send) and action.purpose == "returned" for action in decision.actions)
    arrival = Arrival(
        message=gathered.message,
        raw=raw,
        kind=facts.judgement.kind,
        identity=facts.identity,
        at=facts.arrived,
        confirmed=facts.match.confirmed or not gathered.application,
        about=0 if came_back else gathered.about,
        body=gathered.body(desk.key),
    )
    if decision.release:
        # First: after a stop in between the letter is read again, and finds that the message is not held any more.
        {"resend": resend, "drop": drop}[decision.release.word](desk, decision.release.intent)
    if facts.judgement.kind == "erasure" and gathered.application:
        # First, as well: whoever has said that once is written to no more, whatever they have applied for.
        _end_others(desk, gathered.application, facts.identity)
    reference = carry_out(desk, decision, arrival, committed=committed)
    if gathered.may_loop:
        watch_for_loop(desk, reference, arrival)
    if facts.judgement.kind == "staff":
        desk.outbox.person_wrote(reference, desk.clock())
    return f"{reference}, {decision.because}"


def _end_others(desk: Desk, application: Application, cause: str) -> None:
    """End every other application of the same person."""
    known = {each.reference for address in application.addresses for each in desk.catalogue.by_address(address) if each.open}
    for reference in sorted(known - {application.reference}):
        other = desk.store.load(reference).application
        if other:
            carry_out(desk, on_farewell(other, desk.moment(), cause))
