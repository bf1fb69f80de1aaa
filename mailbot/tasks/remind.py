"""Reminding: every application whose time has come is asked what it wants, and the morning digest goes out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial

from mailbot.errors import MailbotError, Permanent, Temporary
from mailbot.hiring.actions import Decision
from mailbot.hiring.case import Case, HistoryEntry
from mailbot.hiring.digest import OpenCase, morning_digest
from mailbot.hiring.process import MACHINES, on_clock
from mailbot.records.catalogue import Row
from mailbot.tasks.backlog import escalate_together
from mailbot.tasks.carry import carry_out, note, office_reference
from mailbot.tasks.desk import Desk
from mailbot.tasks.jumps import look_at_clock
from mailbot.tasks.letters import oldest_letter

_DIGEST = "digest"

log = logging.getLogger(__name__)


def remind(desk: Desk) -> int:
    """Ask `on_clock` of every application whose time has come; return how many decisions asked for something.

    To be called only when INBOX and Sent have been read to the end: an answer that stands there ends a wait.
    """
    now = desk.clock()
    if look_at_clock(desk) or not desk.worktime.is_open(now):
        return 0
    decided = _shielded("the backlog", partial(escalate_together, desk))
    for row in desk.catalogue.rows():
        if row.wake is None or row.wake > now:
            continue
        decided += _shielded(row.reference, partial(_ask, desk, row.reference))
    # The instant is taken anew: who fell silent just now stands in this digest, and not in the next one too.
    return decided + _shielded(_DIGEST, lambda: _digest(desk, desk.clock()))


def _shielded(what: str, decide: Callable[[], int]) -> int:
    """A damaged record, a broken template or a bug must not cost the next candidate their answer."""
    try:
        return decide()
    except Temporary:
        raise
    except MailbotError as problem:
        log.error("%s", problem)
    except Exception:
        log.exception("what was due could not be done", extra={"case": what})
    return 0


def _ask(desk: Desk, reference: str) -> int:
    """Ask the clock's question of one application; 1 if anything followed."""
    case = desk.store.load(reference)
    if case.application is None:
        return 0
    about, letter = oldest_letter(desk, case, case.application)
    decision = on_clock(case.application, letter, desk.moment())
    if decision.application == case.application:
        # It was woken by an earlier configuration: its time is reckoned anew.
        note(desk, case)
        return 0
    carry_out(desk, decision, about=about)
    return 1


def _digest(desk: Desk, now: datetime) -> int:
    """Once a working day, at the first sweep after opening."""
    day = desk.worktime.local(now).date()
    remembered = desk.ledger.remembered(_DIGEST)
    since = datetime.fromisoformat(remembered) if remembered else now
    if not desk.company.digest or (remembered and desk.worktime.local(since).date() == day):
        return 0
    silent = {stage.on_silence for stage in desk.company.stages if stage.on_silence}
    cases = tuple(_open_case(row, silent, since) for row in desk.catalogue.rows() if row.stage)
    months = {office_reference(desk, since), office_reference(desk, now)}
    offices = [desk.store.load(reference) for month in months for reference in desk.store.offices(month)]
    # A report that belongs to no message of ours has been told to nobody.
    machines = sum(_came(office, (MACHINES | {"bounce"}) - {"junk"}, since) for office in offices)
    disturbed = (row.reference for row in desk.catalogue.rows() if row.machine_wrote and row.machine_wrote > since)
    machines += sum(_came(_case(desk, reference), MACHINES, since) for reference in disturbed)
    # By when it was filed: the junk folder is looked through once an hour, so a letter in it may be older than the last digest.
    junk = sum(1 for office in offices for entry in office.history if entry.what == "junk came" and entry.at > since)
    sends = morning_digest(cases, machines, desk.moment(), day, junk)
    if sends:
        because = "the morning digest of what is open"
        carry_out(desk, Decision(None, sends, _DIGEST, because, (HistoryEntry(now, _DIGEST, _DIGEST, because),)))
    desk.ledger.remember(_DIGEST, now.isoformat(), now)
    return len(sends)


def _came(case: Case, kinds: Collection[str], since: datetime) -> int:
    """How many messages of these kinds have come after that instant."""
    return sum(message.direction == "in" and message.kind in kinds and message.at > since for message in case.messages)


def _case(desk: Desk, reference: str) -> Case:
    """The case, without messages where its record is damaged: that costs nobody the digest."""
    try:
        return desk.store.load(reference)
    except Permanent as problem:
        log.error("%s", problem)
        return Case(reference, None)


def _open_case(row: Row, silent: Collection[str], since: datetime) -> OpenCase:
    fell_silent = row.stage in silent and row.since is not None and row.since > since
    return OpenCase(row.reference, row.position, row.stage, row.name, row.since, row.due, row.escalated is not None, fell_silent)
