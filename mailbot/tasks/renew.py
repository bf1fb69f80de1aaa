"""Renewing: a letter to a candidate that waited too long is dropped for one that is decided and rendered anew (design section 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailbot.hiring.actions import Send
from mailbot.hiring.anew import anew
from mailbot.hiring.case import Case, Intent
from mailbot.records.outbox import Entry
from mailbot.tasks.carry import carry_out
from mailbot.tasks.desk import Desk

#: What has lain untouched for so long is not sent as it is.
_LAIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Renewed:
    """What takes the place of a letter: the id of another one, "" for none; and why the old one is not sent."""

    id: str
    because: str


def has_lain(entry: Entry, now: datetime) -> bool:
    """Whether it is an automatic letter to a candidate that has lain untouched for a day."""
    return entry.audience == "candidate" and entry.automatic and now - entry.at > _LAIN


def names_a_passed_day(case: Case, entry: Entry, intent: Intent, now: datetime) -> bool:
    """Whether it is an automatic letter to a candidate, and the day until which somebody was to answer has passed since it was decided."""
    due = case.application.due if case.application else None
    return entry.audience == "candidate" and entry.automatic and due is not None and intent.decided < due <= now


def renew(desk: Desk, case: Case, intent: Intent) -> Renewed | None:
    """Given a letter that is certainly not sent, commit the decision for another one; None where a person has to decide.

    After a stop in between the other one is found again, by standing later in the record. Raise Temporary.
    """
    place = next(number for number, each in enumerate(case.intents) if each.id == intent.id)
    later = [each for each in case.intents[place + 1 :] if each.audience == "candidate" and each.purpose == intent.purpose]
    if later:
        return Renewed(later[-1].id, "a later letter has taken its place")
    if case.application is None:
        return None
    decision = anew(case.application, intent.purpose, intent.because, f"{intent.id}/anew", desk.moment())
    if decision is None:
        return None
    carry_out(desk, replace(decision, rule=intent.rule))
    ids = [desk.key.intent(case.reference, send.purpose, send.to, send.cause) for send in decision.actions if isinstance(send, Send)]
    return Renewed(ids[0], "it is decided anew") if ids else Renewed("", decision.because)
