"""The steps of the process: entering a stage, with what is sent then and whom the application waits for afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from mailbot.hiring.actions import Fact, Send
from mailbot.hiring.company import Position
from mailbot.hiring.letters import numbered, to_candidate
from mailbot.hiring.model import Application, AskedQuestion
from mailbot.hiring.moment import Moment
from mailbot.hiring.stages import Stage, following, stage
from mailbot.hiring.waiting import settle, wait_for_staff

#: The id of the question that is asked while the position is not known.
POSITION_QUESTION = "position"
#: The template whose stage asks the position's questions.
QUESTIONS = "questions"


def enter(
    moment: Moment,
    application: Application,
    there: Stage,
    cause: str,
    arrived: datetime,
    *,
    automatic: bool = True,
    since: datetime | None = None,
) -> tuple[Application, tuple[Send, ...]]:
    """Given a stage to enter, what caused it and when that came, return the application there and what is sent on entering.

    A stage that asks questions is passed by where the position has none; while the position is not known, its
    questions wait and the letter asks for the position. A stage that waits for staff starts the reply clock: `since` then, or on arrival.
    """
    position = moment.company.position(application.position)
    if there.send == QUESTIONS and position and not position.questions:
        after = following(moment.company.stages, there.id)
        if after:
            return enter(moment, application, after, cause, arrived, automatic=automatic, since=since)
    moved = replace(application, stage=there.id, asked_again=False)
    template = there.send
    if there.send == QUESTIONS:
        moved = replace(moved, questions=_questions(position, moment))
        template = QUESTIONS if position else "position"
    moved = settle(moment, moved)
    if there.waits_for == "staff":
        moved = wait_for_staff(moment, moved, cause, arrived, since)
    if not template:
        return moved, ()
    facts: dict[str, Fact] = {
        "questions": numbered(moved.questions),
        "positions": tuple(known.title for known in moment.company.positions),
        "deadline": deadline(moment, there),
        "assignment": position.assignment.text if position else "",
    }
    files = (position.assignment.file,) if there.attach == "assignment" and position and position.assignment.file else ()
    return moved, (to_candidate(moment, moved, template, cause, facts, files=files, automatic=automatic),)


def ended(stages: tuple[Stage, ...], application: Application, purpose: str) -> str:
    """Given an application as it is now and what an automatic message was for, say why it must not go out any more; "" if it may.

    Who has withdrawn, or was refused or hired, gets no automatic mail but that of the end itself (design section 5).
    """
    here = stage(stages, application.stage)
    return "the process has ended meanwhile" if here.is_end and purpose not in (here.send, "erasure") else ""


def deadline(moment: Moment, here: Stage) -> date | None:
    """The last day that the candidate has at this stage, in office time; None for no deadline."""
    if here.deadline_working_days is None:
        return None
    return moment.worktime.local(moment.worktime.due(moment.now, here.deadline_working_days)).date()


def _questions(position: Position | None, moment: Moment) -> tuple[AskedQuestion, ...]:
    if position:
        return tuple(AskedQuestion(question.id, question.text, question.required) for question in position.questions)
    titles = " / ".join(known.title for known in moment.company.positions)
    return (AskedQuestion(POSITION_QUESTION, titles, required=True),)
