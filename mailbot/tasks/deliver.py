"""Delivering: what stands in the outbox goes out by SMTP through one gate, and each outcome is a decision again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from mailbot.errors import MailbotError, Permanent, Temporary
from mailbot.hiring.case import Case, HistoryEntry, Intent
from mailbot.hiring.letters import AFTER_READING, OFFICE_HOURS
from mailbot.hiring.process import MACHINES_TALK, REPORTS, Fate, on_delivery
from mailbot.hiring.sending import ANSWERS_TO_STAFF, TO_STAFF_OF_ONE, Counts, between_machines, capped, may_send
from mailbot.hiring.steps import ended
from mailbot.hiring.waiting import overtaken
from mailbot.mail.smtp import Outcome, Submission
from mailbot.records.outbox import Entry
from mailbot.tasks.allowance import gone_out, may_go, recipients
from mailbot.tasks.breaker import breaker, obey_limit, watch_for_storm
from mailbot.tasks.carry import carry_out, note
from mailbot.tasks.desk import Desk
from mailbot.tasks.jumps import look_at_clock
from mailbot.tasks.modes import safe_mode
from mailbot.tasks.renew import has_lain, names_a_passed_day, renew

#: Pauses between tries, in minutes; the last one stays. No shorter than greylisting asks for.
_PAUSES = (5, 10, 20, 40, 60)
#: Each is longer by up to so much of itself, so that what was refused together is not tried together again.
_JITTER = 0.15
#: Shorter than the five days of a relay: a late answer is worse than one that a person sends.
_GIVE_UP = timedelta(hours=24)
#: Of one and the same cap staff hear so seldom in one application.
_ONCE_IN = timedelta(hours=24)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a delivery run came to."""

    sent: int = 0
    #: True where the login failed: the server wants to be left alone for a while.
    login_failed: bool = False
    #: True where there was no server to speak to.
    unreachable: bool = False
    #: True where more could go out, and something else was to be done first.
    called_away: bool = False


def deliver(
    desk: Desk,
    submission: Submission,
    *,
    reading_is_fresh: bool,
    sent_is_known: bool,
    between: Callable[[], None],
    called_away: Callable[[int], bool],
) -> Delivered:
    """Send everything whose time has come. `between` is called after each message, and raises to stop after the one in hand; after each
    that was tried `called_away` is told how many those were, and the rest stays for the next time where it says so.

    `reading_is_fresh` says that INBOX and Sent have been read to the end lately: what waits for that stays otherwise. `sent_is_known` says
    that Sent has been since the start: nothing goes to candidates otherwise, for out of a backup it may have gone out before.
    Raise Temporary if the disk does not let us record: then nothing more is sent.
    """
    # Also where there is nothing to send: this is asked most often.
    look_at_clock(desk)
    watch_for_storm(desk)
    if breaker(desk.ledger).rests(desk.clock()):
        return Delivered()
    sent, tried, gone = 0, 0, gone_out(desk)
    # Alarms first: what stopped us is the first thing that is said when we may speak again.
    for planned in sorted(desk.outbox.due(desk.clock()), key=lambda entry: entry.purpose != "alarm"):
        # A person may have dropped it between two messages.
        entry = desk.outbox.get(planned.id)
        if entry is None or entry.state == "unknown" or not entry.due(desk.clock()):
            continue
        if (entry.waits_for_reading or has_lain(entry, desk.clock())) and not reading_is_fresh:
            continue
        if entry.audience == "candidate" and not sent_is_known:
            continue
        if entry.purpose in OFFICE_HOURS and not desk.worktime.is_open(desk.clock()):
            continue
        if entry.audience == "candidate" and (safe_mode(desk) or (entry.automatic and breaker(desk.ledger).open)):
            continue
        if entry.purpose in AFTER_READING and look_at_clock(desk):
            continue
        try:
            if not may_go(desk, entry, gone):
                continue
            outcome = _deliver_one(desk, submission, entry)
        except Temporary:
            raise
        except MailbotError as problem:
            # A damaged record costs its own candidate the message, not the next one.
            log.error("%s", problem)
            continue
        except Exception:
            log.exception("a message could not be sent", extra={"intent": entry.id})
            continue
        if outcome:
            gone = gone_out(desk)
        if outcome and outcome.state == "sent":
            sent += 1
        if outcome and outcome.limit:
            obey_limit(desk, outcome.text)
            return Delivered(sent)
        if outcome and outcome.account_fault:
            # The login fails for every message alike; more tries would only lock the account.
            return Delivered(sent, login_failed=True)
        if outcome and (outcome.no_session or (outcome.state == "retry" and outcome.code is None)):
            # So would the next one wait for a server that does not answer, and all of them together for hours.
            return Delivered(sent, unreachable=True)
        between()
        tried += outcome is not None
        if outcome and called_away(tried):
            return Delivered(sent, called_away=True)
    return Delivered(sent)


def _deliver_one(desk: Desk, submission: Submission, entry: Entry) -> Outcome | None:
    case = desk.store.load(entry.reference)
    intent = next(intent for intent in case.intents if intent.id == entry.id)
    now = desk.clock()
    if intent.outcome == "sent" and (entry.state != "planned" or entry.at == entry.planned_at):
        # The journal is older than the record: it lost its end, or came out of a backup; no person has had it sent again.
        desk.outbox.record(entry.id, "commit", now)
        desk.outbox.record(entry.id, "sent", now, reason="its record knows that it was sent")
        return None
    late = ""
    if case.application and entry.waits_for_reading:
        late = overtaken(case.application, entry.purpose)
    if case.application and entry.audience == "candidate" and entry.automatic:
        late = late or ended(desk.company.stages, case.application, entry.purpose)
    if late:
        _drop(desk, entry, intent, late)
        return None
    # A person may have ordered what the machine had decided.
    permission = may_send(replace(intent, automatic=entry.automatic), _counts(desk, entry, now), desk.company.limits)
    if permission.verdict == "wait":
        return None
    because = permission.because if permission.verdict in ("hold", "refuse") else ""
    old = has_lain(entry, now) or names_a_passed_day(case, entry, intent, now)
    if not because and old and (renewed := renew(desk, case, intent)):
        _drop(desk, entry, intent, renewed.because)
        fresh = desk.outbox.get(renewed.id)
        return _deliver_one(desk, submission, fresh) if fresh and fresh.state == "planned" else None
    if entry.audience == "candidate" and entry.automatic and now - entry.planned_at > _GIVE_UP:
        because = "it has waited for more than a day, so the days that it names may have passed"
    raw = b""
    if not because:
        raw, because = _bytes(desk, entry, intent)
    if because:
        desk.outbox.record(entry.id, "held", now, reason=because)
        settle(desk, entry.reference, intent, "held", because)
        return None

    def commit() -> None:
        desk.outbox.record(entry.id, "commit", desk.clock(), recipients=recipients(desk, intent.to))

    desk.outbox.record(entry.id, "attempt", now)
    outcome = submission.send(raw, desk.company.job, intent.to, commit, witness=desk.settings.smtp.witness)
    log.info("delivery", extra={"case": entry.reference, "intent": entry.id, "purpose": entry.purpose, "outcome": outcome.state})
    _record(desk, entry, intent, outcome)
    return outcome


def _bytes(desk: Desk, entry: Entry, intent: Intent) -> tuple[bytes, str]:
    """The bytes that are to be sent, or why a person has to decide."""
    try:
        raw = desk.store.read(entry.reference, intent.path)
    except Permanent as problem:
        return b"", str(problem)
    if intent.digest and sha256(raw).hexdigest() != intent.digest:
        return b"", f"{intent.path}: it is not what mailbot has written. Restore it from a backup"
    return raw, ""


def _drop(desk: Desk, entry: Entry, intent: Intent, because: str) -> None:
    desk.outbox.record(entry.id, "dropped", desk.clock(), reason=because)
    settle(desk, entry.reference, intent, "dropped", because)


def _record(desk: Desk, entry: Entry, intent: Intent, outcome: Outcome) -> None:
    now = desk.clock()
    reason = " ".join(part for part in (str(outcome.code or ""), outcome.text) if part)
    if outcome.no_session or outcome.account_fault or outcome.limit:
        desk.outbox.record(entry.id, "put off", now, reason=reason)
    elif outcome.state == "retry":
        next_try = next_attempt(entry.id, entry.attempts + 1, now)
        if next_try is not None:
            desk.outbox.record(entry.id, "retry", now, reason=reason, next=next_try)
            return
        desk.outbox.record(entry.id, "held", now, reason=reason)
        settle(desk, entry.reference, intent, "held", reason)
    elif outcome.state == "unknown":
        desk.outbox.record(entry.id, "unknown", now, reason=reason)
    else:
        desk.outbox.record(entry.id, outcome.state, now, reason=reason)
        settle(desk, entry.reference, intent, outcome.state, reason)


def next_attempt(id: str, attempts: int, now: datetime) -> datetime | None:
    """Given a message's id and how often it was tried, return when to try again; None: give up, a person decides.

    The pauses are added up, because what goes to staff may have waited a weekend before its first try.
    """
    if sum((_pause(id, attempt) for attempt in range(1, attempts + 1)), timedelta()) > _GIVE_UP:
        return None
    return now + _pause(id, attempts)


def _pause(id: str, attempt: int) -> timedelta:
    """The same through every restart: no chance, but the message's own id, spreads them."""
    spread = sha256(f"{id}/{attempt}".encode()).digest()[0] / 255
    return timedelta(minutes=_PAUSES[min(attempt, len(_PAUSES)) - 1]) * (1 + _JITTER * spread)


def settle(desk: Desk, reference: str, intent: Intent, state: str, reason: str) -> None:
    """Given the end of a message of ours, write it into its case and, where it did not go out, tell the recruiters.

    They are told first: what the record knows, `recover` takes for told.
    """
    # What a person dropped needs no notice, and a report about a report would never end.
    case = desk.store.load(reference) if state in ("failed", "held") and intent.purpose not in REPORTS else None
    if case and _is_told(case, intent.purpose, state, reason, desk.clock()):
        # One that is held for the second time is told of for the second time.
        before = sum(entry.what == f"{intent.purpose} {state}" and entry.rule == intent.rule for entry in case.history)
        cause = f"{intent.id}/{state}/{before or ''}".rstrip("/")
        tell(desk, case, intent, Fate(intent.purpose, intent.to, state, reason, cause, between_machines(reason)))
    end = HistoryEntry(desk.clock(), f"{intent.purpose} {state}", intent.rule, reason)
    note(desk, desk.store.settle(reference, intent.id, state, end))


def tell(desk: Desk, case: Case, intent: Intent, fate: Fate) -> None:
    """Given what is to be known of a message of ours, tell the recruiters of its case; the same cause again tells nobody twice."""
    number = next((message.number for message in case.messages if message.identity == intent.id), 0)
    # What tells of a message stands where that stands, so that an answer to it finds it.
    carry_out(desk, on_delivery(case.application, fate, desk.moment()), about=number, office=case.reference)


def _is_told(case: Case, purpose: str, state: str, reason: str, now: datetime) -> bool:
    """Whether anybody is to hear of what failed or is held; of one and the same cap once in a day, for machines may go on for days."""
    lately = [entry for entry in case.history if now - entry.at < _ONCE_IN]
    if between_machines(reason):
        return not any(entry.what == MACHINES_TALK for entry in lately)
    if capped(reason) and any(entry.what == f"{purpose} {state}" and entry.because == reason for entry in lately):
        return False
    return state == "failed" or purpose not in ANSWERS_TO_STAFF


def _counts(desk: Desk, entry: Entry, now: datetime) -> Counts:
    return Counts(*desk.outbox.counts(entry, now), *desk.outbox.alike(entry, now, TO_STAFF_OF_ONE))
