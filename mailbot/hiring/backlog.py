"""After downtime: many escalations that are due at once go to n@ as one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailbot.hiring.actions import Decision, Send
from mailbot.hiring.case import HistoryEntry
from mailbot.hiring.letters import Letter, about_case, office_facts, to_staff
from mailbot.hiring.model import Application
from mailbot.hiring.moment import Moment
from mailbot.hiring.waiting import escalation_time

#: So many belated escalations are sent one by one, each to be answered by a reply; more would bury n@ in a morning.
FEW = 5
_BECAUSE = "no person has answered in time, and mailbot could not tell of it in time"


def is_due(moment: Moment, application: Application) -> bool:
    """Whether the application is to be escalated now."""
    time = escalation_time(moment, application)
    return time is not None and time <= moment.now


def belong_together(moment: Moment, due: Sequence[Application]) -> bool:
    """Given the applications that are to be escalated now, say whether that is to be by one list: more than a few of them should have
    been on an earlier day. What a busy week brings on its own day is escalated one by one, however much it is."""
    today = moment.worktime.opening(moment.worktime.local(moment.now).date())
    return sum((escalation_time(moment, application) or today) < today for application in due) > FEW


def one_list(moment: Moment, waiting: Sequence[tuple[Application, Letter | None]], cause: str) -> Decision:
    """Given the applications to be escalated with the oldest letter that waits in each, and what this list is known by, return the
    decision to write n@ one list with all that is needed to answer them, who has waited longest first."""
    longest_first = sorted(waiting, key=lambda each: each[0].since or moment.now)
    cases = tuple(
        about_case(moment, application, letter, _BECAUSE, recruiters=_names(moment, application)) for application, letter in longest_first
    )
    send: Send = to_staff(moment, moment.company.n, "escalations", cause, office_facts(moment) | {"waiting": cases})
    entry = HistoryEntry(moment.now, f"escalated {len(cases)} applications to n@ in one list", "escalation", _BECAUSE)
    return Decision(None, (send,), "escalation", _BECAUSE, (entry,))


def listed(moment: Moment, application: Application) -> Decision:
    """Given an application that stands in the list, count it as escalated."""
    entry = HistoryEntry(moment.now, "escalated to n@ in one list", "escalation", _BECAUSE)
    return Decision(replace(application, escalated=moment.now), (), "escalation", _BECAUSE, (entry,))


def _names(moment: Moment, application: Application) -> tuple[str, ...]:
    return tuple(recruiter.name or recruiter.address for recruiter in moment.company.recruiters_for(application.position))
