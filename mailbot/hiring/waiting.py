"""The reply clock: who an application waits for, since when, until when, and what follows when that time has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mailbot.hiring.actions import Decision
from mailbot.hiring.case import HistoryEntry
from mailbot.hiring.letters import Letter, about_case, to_candidate, to_staff
from mailbot.hiring.model import Application, Unanswered
from mailbot.hiring.moment import Moment
from mailbot.hiring.stages import stage


def settle(moment: Moment, application: Application) -> Application:
    """Given an application whose stage or unanswered messages have changed, return it with its wait set anew.

    It waits for staff exactly while a message is unanswered, and the clock starts at the oldest of them
    (design section 5). Otherwise it waits for whom its stage waits for; where that is staff and a person has
    answered, the next word is the candidate's, and there is no deadline.
    """
    if application.unanswered:
        since = min(unanswered.arrived for unanswered in application.unanswered)
        due = moment.worktime.due(since, moment.company.reply_within_working_days)
        waiting = replace(application, waits_for="staff", since=since, due=due)
        # A letter that comes to light late may have begun the wait earlier than was known: it is the same wait, escalated once.
        same = application.waits_for == "staff" and application.since is not None and since <= application.since
        return waiting if same else replace(waiting, hinted=None, escalated=None)
    here = stage(moment.company.stages, application.stage)
    if here.waits_for == "nobody":
        return replace(application, waits_for="nobody", since=None, due=None, hinted=None, escalated=None)
    days = here.deadline_working_days if here.waits_for == "candidate" else None
    deadline = moment.worktime.due(moment.now, days) if days is not None else None
    return replace(application, waits_for="candidate", since=moment.now, due=deadline, hinted=None, escalated=None, reminders=0)


def wait_for_staff(
    moment: Moment, application: Application, identity: str, arrived: datetime, since: datetime | None = None
) -> Application:
    """Given a message that a person has to answer, return the application with it, once, among the unanswered.

    The clock starts `since` then, or where that is None at its arrival.

    It is not, where a person wrote to the candidate after it had arrived: Sent may be read before the letter is.
    """
    if application.answered and arrived <= application.answered:
        return application
    if any(unanswered.identity == identity for unanswered in application.unanswered):
        return application
    unanswered = (*application.unanswered, Unanswered(identity, since or arrived))
    return settle(moment, replace(application, unanswered=unanswered))


def person_answered(moment: Moment, application: Application, written: datetime) -> Application:
    """Given a person's answer written at `written`, end the waits of messages that arrived before it was written."""
    left = tuple(unanswered for unanswered in application.unanswered if unanswered.arrived > written)
    known = replace(application, answered=max(application.answered or written, written))
    return known if left == application.unanswered else settle(moment, replace(known, unanswered=left))


def hint_time(moment: Moment, application: Application) -> datetime | None:
    """The opening of the working day on which the recruiter is to be hinted; None if nobody is to be."""
    if application.waits_for != "staff" or not application.since or application.hinted or application.escalated:
        return None
    return _opening_after(moment, application.since, moment.company.hint_after_working_days)


def escalation_time(moment: Moment, application: Application) -> datetime | None:
    """The first opening after `due`; None if nothing is to be escalated, or it has been."""
    if application.waits_for != "staff" or not application.due or application.escalated:
        return None
    return moment.worktime.next_opening(application.due)


def reminder_time(moment: Moment, application: Application) -> datetime | None:
    """When the candidate is to be reminded next; None if never."""
    here = stage(moment.company.stages, application.stage)
    days = here.remind_after_working_days
    if here.send == "questions" and not application.questions:
        # A person has written in the machine's place: what it never asked it does not remind of.
        return None
    if application.waits_for != "candidate" or not application.since or application.reminders >= len(days):
        return None
    return _opening_after(moment, application.since, days[application.reminders])


def silence_time(moment: Moment, application: Application) -> datetime | None:
    """When the stage's deadline has passed without a word; None if it has none."""
    if application.waits_for != "candidate" or not application.due or not stage(moment.company.stages, application.stage).on_silence:
        return None
    return moment.worktime.next_opening(application.due)


def wake(moment: Moment, application: Application) -> datetime | None:
    """The next instant at which `on_clock` has something to do for this application; None if never."""
    times = (
        hint_time(moment, application),
        escalation_time(moment, application),
        reminder_time(moment, application),
        silence_time(moment, application),
    )
    return min((time for time in times if time), default=None)


def on_clock(application: Application, letter: Letter | None, moment: Moment) -> Decision:
    """Given an application and the oldest letter that waits in it, decide what the time asks for.

    Works from stored instants, so that it may be asked at any time, any number of times, also after days of
    downtime: what is due and was not done is done once, and only the last step that is due is taken.
    """
    if not moment.worktime.is_open(moment.now):
        return Decision(application, rule="clock", because="the office is closed")
    if _reached(escalation_time(moment, application), moment.now):
        return escalate(application, letter, moment, "no person has answered in time")
    if _reached(hint_time(moment, application), moment.now):
        return _hint(application, letter, moment)
    if _reached(silence_time(moment, application), moment.now):
        return _silence(application, moment)
    if _reached(reminder_time(moment, application), moment.now):
        return _remind(application, moment)
    return Decision(application, rule="clock", because="nothing is due")


def overtaken(application: Application, purpose: str) -> str:
    """Given an application as it is now and what a message that has waited was for, say why it must not go out any more; "" if it may."""
    if purpose in ("hint", "escalation"):
        done = application.hinted if purpose == "hint" else application.escalated
        return "" if application.waits_for == "staff" and done else "a person has answered meanwhile"
    if purpose == "reminder" and (application.waits_for != "candidate" or not application.reminders):
        return "the candidate has written meanwhile"
    return ""


def _opening_after(moment: Moment, since: datetime, working_days: int) -> datetime:
    """The opening of the n-th working day after the day of `since`."""
    worktime = moment.worktime
    return worktime.opening(worktime.working_day_after(worktime.local(since).date(), working_days))


def _reached(time: datetime | None, now: datetime) -> bool:
    return time is not None and time <= now


def escalate(application: Application, letter: Letter | None, moment: Moment, because: str) -> Decision:
    """Given an application that waits for staff, the letter to be answered and the reason, hand it to n@."""
    recruiters = tuple(recruiter.name or recruiter.address for recruiter in moment.company.recruiters_for(application.position))
    facts = about_case(moment, application, letter, because, recruiters=recruiters)
    send = to_staff(moment, moment.company.n, "escalation", _cause(application), facts, attachments=letter.attachments if letter else ())
    entry = HistoryEntry(moment.now, "escalated to n@", "escalation", because)
    return Decision(replace(application, escalated=moment.now), (send,), "escalation", because, (entry,))


def _hint(application: Application, letter: Letter | None, moment: Moment) -> Decision:
    because = "no person has answered yet"
    facts = about_case(moment, application, letter, because)
    sends = tuple(
        to_staff(moment, recruiter, "hint", _cause(application), facts) for recruiter in moment.company.recruiters_for(application.position)
    )
    entry = HistoryEntry(moment.now, "hinted to the recruiter", "hint", because)
    return Decision(replace(application, hinted=moment.now), sends, "hint", because, (entry,))


def _silence(application: Application, moment: Moment) -> Decision:
    here = stage(moment.company.stages, application.stage)
    because = f"no answer within {here.deadline_working_days} working days at stage {here.id}"
    # Nothing is sent, and nobody is waited for; `since` tells the digest when it fell silent.
    moved = replace(application, stage=here.on_silence, silent_from=here.id, waits_for="nobody", since=moment.now, due=None)
    return Decision(moved, (), "silence", because, (HistoryEntry(moment.now, f"moved to {here.on_silence}", "silence", because),))


def _remind(application: Application, moment: Moment) -> Decision:
    days = stage(moment.company.stages, application.stage).remind_after_working_days
    because = f"no answer {days[application.reminders]} working days after stage {application.stage} began"
    # After downtime several reminders may be due: one is sent, the others have passed.
    passed = application
    while _reached(reminder_time(moment, passed), moment.now):
        passed = replace(passed, reminders=passed.reminders + 1)
    deadline = moment.worktime.local(application.due).date() if application.due else None
    send = to_candidate(
        moment,
        application,
        "reminder",
        f"{_cause(application)}/{passed.reminders}",
        {"deadline": deadline},
        auto_submitted="auto-generated",
    )
    return Decision(passed, (send,), "reminder", because, (HistoryEntry(moment.now, "reminded the candidate", "reminder", because),))


def _cause(application: Application) -> str:
    """What makes a wait this wait and no other: its stage and its beginning."""
    return f"{application.stage}/{application.since.isoformat() if application.since else ''}"
