"""Recovering at start: the catalogue, the outbox and the ledger are brought in line with what the records say."""

from __future__ import annotations

from mailbot.hiring.case import Case, HistoryEntry
from mailbot.records.catalogue import Row
from mailbot.tasks.carry import plan
from mailbot.tasks.desk import Desk
from mailbot.tasks.summary import summarise

#: Only the newest months of the office can hold a message whose fate its record does not know.
_OFFICE_MONTHS = 2


def recover(desk: Desk) -> tuple[str, ...]:
    """Given a desk just opened, finish what a stop has left half done; return what could not be read, in words.

    A record is the truth: an intent that the outbox does not know is put on it, an outcome that the record does not
    know is written into it, and a message that was filed without a verdict in the ledger is known by its identity.
    """
    refreshed = desk.catalogue.refresh(desk.store, lambda case: _row(desk, case))
    cases = {row.reference for row in desk.catalogue.rows() if row.open_intents}
    cases |= {reference for reference in refreshed.changed if desk.catalogue.get(reference)}
    cases |= set(tuple(desk.store.offices())[-_OFFICE_MONTHS:])
    for reference in sorted(cases):
        _repair(desk, desk.store.load(reference))
    return refreshed.problems


def _row(desk: Desk, case: Case) -> Row:
    assert case.application is not None  # the catalogue is of applications
    return summarise(case, case.application, desk.moment())


def _repair(desk: Desk, case: Case) -> None:
    for filed in case.messages:
        if filed.direction == "in":
            desk.ledger.recognise(filed.identity, case.reference, filed.at)
    for intent in case.intents:
        if intent.outcome:
            continue
        entry = desk.outbox.get(intent.id)
        if entry is None:
            plan(desk, case.reference, intent)
        elif entry.state in ("sent", "failed", "dropped"):
            outcome = HistoryEntry(entry.at, f"{intent.purpose} {entry.state}", intent.rule, entry.reason)
            case = desk.store.settle(case.reference, intent.id, entry.state, outcome)
    if case.application:
        desk.catalogue.put(summarise(case, case.application, desk.moment()), desk.store.stamp(case.reference))
