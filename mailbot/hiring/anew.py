"""Deciding anew: a letter that waited so long that it may name days which have passed is written again as of today."""

from __future__ import annotations

from mailbot.hiring.actions import Decision, Send
from mailbot.hiring.case import HistoryEntry
from mailbot.hiring.letters import numbered, received, to_candidate
from mailbot.hiring.model import Application
from mailbot.hiring.moment import Moment
from mailbot.hiring.stages import stage
from mailbot.hiring.steps import QUESTIONS, deadline, enter
from mailbot.hiring.waiting import settle

#: Why an acknowledgement speaks of a solution and not of a letter.
_SOLUTION = "the solution has come"


def anew(application: Application, purpose: str, because: str, cause: str, moment: Moment) -> Decision | None:
    """Given an application as it is now, what an automatic letter to its candidate was for, why it was decided and what the new one is
    caused by, return the decision that sends it with today's days, and that gives the candidate the whole time that it names.

    Without an action where the letter has nothing to say any more; None where a machine can not tell: then a person decides.
    """
    here = stage(moment.company.stages, application.stage)
    template = "position" if here.send == QUESTIONS and not application.position else here.send
    after, done = application, ""
    sends: tuple[Send, ...] = ()
    if purpose == template and here.waits_for != "staff":
        if any(question.state != "asked" for question in application.questions) and here.send == QUESTIONS:
            done = "the candidate has answered meanwhile"
        else:
            after, sends = enter(moment, application, here, cause, moment.now)
    elif purpose in {"position", "missing_questions", *(each.send for each in moment.company.stages)} and here.send != QUESTIONS:
        done = "the application has gone on meanwhile"
    elif purpose == "missing_questions":
        after = settle(moment, application)
        facts = {"questions": numbered(after.questions, "missing"), "deadline": deadline(moment, here)}
        sends = (to_candidate(moment, after, purpose, cause, facts),)
        done = "" if facts["questions"] else "the candidate has answered meanwhile"
    elif purpose == "received":
        sends = (received(moment, application, cause, "solution" if because == _SOLUTION else "letter"),)
        done = "" if application.waits_for == "staff" else "a person has answered meanwhile"
    elif purpose == "reminder":
        done = "" if application.due is None or application.due > moment.now else "the time that it reminds of is over"
        day = moment.worktime.local(application.due).date() if application.due else None
        sends = (to_candidate(moment, application, purpose, cause, {"deadline": day}, auto_submitted="auto-generated"),)
    elif purpose == "erasure":
        sends = (to_candidate(moment, application, purpose, cause, {}),)
    else:
        return None
    if done:
        return Decision(application, (), because=done)
    entry = HistoryEntry(moment.now, f"{purpose} decided anew", "anew", "it waited so long that the days it named may have passed")
    return Decision(after, sends, because=because, history=(entry,))
