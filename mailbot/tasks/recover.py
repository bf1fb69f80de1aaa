"""Recovering: catalogue, outbox and ledger are brought in line with the records, and the records with what became of their messages."""

from __future__ import annotations

from datetime import datetime

from mailbot.errors import Permanent
from mailbot.hiring.case import Case
from mailbot.records.catalogue import Row
from mailbot.records.outbox import KEPT
from mailbot.tasks.alarms import tell_again
from mailbot.tasks.carry import note, plan
from mailbot.tasks.damage import damage, doubt, note_met
from mailbot.tasks.deliver import settle
from mailbot.tasks.desk import Desk
from mailbot.tasks.found import recognise_sent
from mailbot.tasks.summary import summarise

#: Only the newest months of the office can hold a message whose fate its record does not know.
_OFFICE_MONTHS = 2
_MONTH = "office/2026-11"
_ENDS = frozenset({"sent", "failed", "held", "dropped"})


def recover(desk: Desk) -> tuple[str, ...]:
    """Given a desk on which nothing is under way, finish what a stop or a refusing disk has left half done; return what can not be read.

    A record is the truth: an intent that the outbox does not know is put on it, an outcome that the record does not
    know is written into it, and a message that was filed without a verdict in the ledger is known by its identity.
    Raise Temporary if the disk does not let us.
    """
    desk.outbox.doubt()
    damaged = bool(damage(desk))
    refreshed = desk.catalogue.refresh(desk.store, lambda case: _row(desk, case))
    cases = {row.reference for row in desk.catalogue.rows() if row.open_intents}
    cases |= {reference for reference in refreshed.changed if desk.catalogue.get(reference)}
    offices = tuple(desk.store.offices())
    newest = sorted({reference[: len(_MONTH)] for reference in offices})[-_OFFICE_MONTHS:]
    cases |= {reference for reference in offices if reference.startswith(tuple(newest))}
    if damaged:
        # Of what a journal has lost the records know more, and any of them may.
        cases |= {*desk.store.references(), *offices}
    problems = list(refreshed.problems)
    steps: list[datetime] = []
    for reference in sorted(cases):
        try:
            case = desk.store.load(reference)
            steps += [entry.at for entry in case.history[:1]]
            _repair(desk, case, damaged=damaged)
        except Permanent as problem:
            # One damaged record costs nobody else.
            problems.append(str(problem))
    note_met(desk, min(steps, default=None))
    try:
        tell_again(desk)
    except Permanent as problem:
        problems += [] if str(problem) in problems else [str(problem)]
    return tuple(problems)


def _row(desk: Desk, case: Case) -> Row:
    assert case.application is not None  # the catalogue is of applications
    return summarise(case, case.application, desk.moment())


def _repair(desk: Desk, case: Case, *, damaged: bool) -> None:
    for filed in case.messages:
        if filed.direction == "in":
            desk.ledger.recognise(filed.identity, case.reference, filed.at)
    for intent in case.intents:
        # It was planned, and the stop came before this.
        recognise_sent(desk, intent)
        entry = desk.outbox.get(intent.id)
        if entry is None and damaged:
            doubt(desk, case, intent)
        elif entry is None and not intent.outcome:
            plan(desk, case.reference, intent)
            if desk.clock() - intent.decided >= KEPT:
                # The outbox forgets after this time what is done: a record out of a backup does not know that it was sent.
                reason = "it was decided long ago, and its fate is not known any more: it may have been sent"
                desk.outbox.record(intent.id, "held", desk.clock(), reason=reason)
                settle(desk, case.reference, intent, "held", reason)
        elif entry and entry.state in _ENDS and entry.state != intent.outcome:
            settle(desk, case.reference, intent, entry.state, entry.reason)
    if case.application:
        note(desk, desk.store.load(case.reference))
