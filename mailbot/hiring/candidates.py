"""What follows from a candidate's letter: a first application, answers, a solution, a wish, or something for a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from mailbot.hiring.actions import Action, Decision
from mailbot.hiring.case import HistoryEntry
from mailbot.hiring.company import Position
from mailbot.hiring.facts import Facts
from mailbot.hiring.letters import Letter, notices, numbered, received, to_candidate
from mailbot.hiring.model import Answer, Application, AskedQuestion, Message
from mailbot.hiring.moment import Moment
from mailbot.hiring.stages import Stage, following, stage
from mailbot.hiring.steps import POSITION_QUESTION, QUESTIONS, deadline, enter
from mailbot.hiring.waiting import settle, wait_for_staff

#: A solution without an attachment or a link is at least this long; what is shorter is a remark (a page has about 1,800).
_SOLUTION_LETTERS = 400
#: Threads are cut to their beginning and their end, as in References.
_THREAD_LENGTH = 40


def on_candidate(application: Application | None, message: Message, facts: Facts, moment: Moment) -> Decision:
    """Given a candidate's letter and the application it belongs to (None for a first letter), return the decision."""
    case = _Letter(message, facts, moment)
    if application is None:
        return case.open()
    if not facts.match.confirmed or facts.judgement.kind == "junk":
        return case.unconfirmed(application)
    known = _filed(application, message, facts)
    if facts.judgement.rule == "D11":
        return case.leave(known)
    if not facts.judgement.may_answer or facts.late:
        return case.for_a_person(known, facts.judgement.because, acknowledge=False)
    if known.silent_from:
        known = case.reopened(known)
    here = stage(moment.company.stages, known.stage)
    if here.is_end:
        return case.for_a_person(known, "a letter after the end of the process", acknowledge=False)
    if here.waits_for != "candidate" or here.advance != "auto":
        return case.for_a_person(known, "a letter at a stage where a person answers")
    if not known.position:
        return case.position_named(known, here)
    if here.send == QUESTIONS:
        return case.answered(known, here)
    return case.handed_in(known, here)


def merge_answers(questions: Sequence[AskedQuestion], answers: Sequence[Answer]) -> tuple[AskedQuestion, ...]:
    """Given the questions of an application and new answers, return the questions with their new state."""
    said = {answer.question: answer.text for answer in answers}
    return tuple(
        replace(question, state="answered", answer=said[question.id])
        if question.id in said
        else replace(question, state="missing")
        if question.required and question.state == "asked"
        else question
        for question in questions
    )


def _filed(application: Application, message: Message, facts: Facts) -> Application:
    """The application with the letter in its thread and the address it came from as the latest."""
    assert message.sender is not None  # kinds lets nobody else through as a candidate
    address = message.sender.address
    return replace(
        application,
        thread=thread_with(application.thread, message.message_id),
        last_message=max(application.last_message, facts.arrived),
        addresses=(*(known for known in application.addresses if known != address), address),
        name=application.name or facts.person.name,
    )


def thread_with(thread: tuple[str, ...], message_id: str) -> tuple[str, ...]:
    """Given a thread and a Message-ID, return the thread with it at its end, cut to its first and its newest."""
    if not message_id or message_id in thread:
        return thread
    longer = (*thread, message_id)
    return longer if len(longer) <= _THREAD_LENGTH else (longer[0], *longer[-_THREAD_LENGTH + 1 :])


@dataclass(frozen=True, slots=True)
class _Letter:
    """One candidate's letter with all that is known of it; each method decides for one situation."""

    message: Message
    facts: Facts
    moment: Moment

    def open(self) -> Decision:
        """A first letter: the application opens, and the questions go out unless a machine must not answer."""
        facts, message = self.facts, self.message
        assert message.sender is not None  # kinds lets nobody else through as a candidate
        first = self.moment.company.stages[0]
        application = Application(
            reference=facts.reference,
            position=facts.position.id if facts.position else "",
            stage=first.id,
            name=facts.person.name or message.sender.name,
            addresses=(message.sender.address,),
            language=facts.language,
            opened=facts.arrived,
            last_message=facts.arrived,
            subject=message.subject,
            waits_for="candidate",
            since=facts.arrived,
            thread=thread_with((), message.message_id),
        )
        if not facts.judgement.may_answer or facts.late:
            because = "it came more than 14 days ago" if facts.late else facts.judgement.because
            return self.for_a_person(application, because, acknowledge=False, new=True)
        entered, actions = enter(self.moment, application, first, facts.identity)
        if facts.asks_us:
            entered = wait_for_staff(self.moment, entered, facts.identity, facts.arrived)
        because = "a first letter" if facts.position else "a first letter; the position is not clear"
        return self._decision(entered, because, actions, self._notices(entered, because, new=True))

    def unconfirmed(self, application: Application) -> Decision:
        """Written in the thread from an address that the application does not know: it moves nothing and sends nothing."""
        because = "written in the candidate's thread from an address that the application does not know"
        waiting = wait_for_staff(self.moment, application, self.facts.identity, self.facts.arrived)
        return self._decision(waiting, because, (), self._notices(waiting, because, unconfirmed=True))

    def leave(self, application: Application) -> Decision:
        """The candidate withdraws, or wants their data deleted: one confirmation, then no automatic mail any more."""
        there = next((s for s in self.moment.company.stages if s.id == "withdrawn"), None)
        if there is None or application.stage == there.id:
            return self.for_a_person(application, self.facts.judgement.because, acknowledge=False)
        quiet = replace(application, unanswered=(), silent_from="")
        left, actions = enter(self.moment, quiet, there, self.facts.identity)
        if self.facts.wants_erasure:
            left = wait_for_staff(self.moment, left, self.facts.identity, self.facts.arrived)
            actions = (to_candidate(self.moment, left, "erasure", self.facts.identity, {}),)
        because = "the candidate wants their data deleted" if self.facts.wants_erasure else "the candidate withdraws"
        return self._decision(left, because, actions, self._notices(left, because))

    def reopened(self, application: Application) -> Application:
        """A letter after silence: the stage that fell silent is open again."""
        back = replace(application, stage=application.silent_from, silent_from="")
        return settle(self.moment, back)

    def for_a_person(self, application: Application, because: str, *, acknowledge: bool = True, new: bool = False) -> Decision:
        """A person has to answer: the clock starts, the recruiters are told, the candidate gets one dated promise."""
        already = application.waits_for == "staff"
        waiting = wait_for_staff(self.moment, application, self.facts.identity, self.facts.arrived)
        promise: tuple[Action, ...] = ()
        if acknowledge and not already:
            promise = (received(self.moment, waiting, self.facts.identity, "letter"),)
        return self._decision(waiting, because, promise, self._notices(waiting, because, new=new))

    def position_named(self, application: Application, here: Stage) -> Decision:
        """The letter asked which position it is: if the answer says so, the position's questions go out."""
        position = self.facts.position or _by_number(self.facts.answers, self.moment.company.positions)
        if position is None:
            if self.facts.postpones and not self.facts.asks_us:
                return self._decision(application, "the candidate will answer later")
            return self.for_a_person(application, "the position is still not clear")
        named = replace(application, position=position.id)
        entered, actions = enter(self.moment, named, here, self.facts.identity)
        if self.facts.asks_us:
            entered = wait_for_staff(self.moment, entered, self.facts.identity, self.facts.arrived)
            return self._decision(
                entered, "the position is named, and a question asked", actions, self._notices(entered, "the candidate asks a question")
            )
        return self._decision(entered, f"the position is {position.id}", actions)

    def answered(self, application: Application, here: Stage) -> Decision:
        """Answers to the questions: all of them lead on, some of them are thanked for, none of them is for a person."""
        merged = replace(application, questions=merge_answers(application.questions, self.facts.answers))
        missing = tuple(question for question in merged.questions if question.required and question.state == "missing")
        if self.facts.asks_us:
            return self.for_a_person(merged, "the candidate asks a question")
        if not missing:
            return self._advance(merged, here, "all required questions are answered")
        if not self.facts.answers:
            if self.facts.postpones:
                return self._decision(application, "the candidate will answer later")
            return self.for_a_person(application, "no answer to a question was recognised")
        if merged.asked_again:
            return self.for_a_person(merged, "required questions are still open after they were asked again")
        again = settle(self.moment, replace(merged, asked_again=True))
        facts = {"questions": numbered(again.questions, "missing"), "deadline": deadline(self.moment, here)}
        because = "required questions are still open"
        return self._decision(again, because, (to_candidate(self.moment, again, "missing_questions", self.facts.identity, facts),))

    def handed_in(self, application: Application, here: Stage) -> Decision:
        """A letter at a stage that the candidate answers by handing something in."""
        if self._holds_a_solution():
            return self._advance(application, here, "the solution has come")
        if self.facts.postpones and not self.facts.asks_us:
            return self._decision(application, "the candidate will hand it in later")
        because = "the candidate asks a question" if self.facts.asks_us else "no solution was recognised in the letter"
        return self.for_a_person(application, because)

    def _holds_a_solution(self) -> bool:
        text = self.facts.reply.new_text
        if self.message.attachments:
            return True
        if any(urlsplit(link).path.strip("/") for link in re.findall(r"https?://\S+", text)):
            return True
        return len(re.sub(r"\W", "", text)) >= _SOLUTION_LETTERS and not self.facts.asks_us

    def _advance(self, application: Application, here: Stage, because: str) -> Decision:
        there = following(self.moment.company.stages, here.id)
        if there is None:
            return self.for_a_person(application, because)
        moved, actions = enter(self.moment, application, there, self.facts.identity)
        what = HistoryEntry(self.moment.now, f"moved to {there.id}", self.facts.judgement.rule, because)
        if there.waits_for != "staff":
            return self._decision(moved, because, actions, history=(what,))
        waiting = wait_for_staff(self.moment, moved, self.facts.identity, self.facts.arrived)
        promise = received(self.moment, waiting, self.facts.identity, "solution")
        return self._decision(waiting, because, (*actions, promise), self._notices(waiting, because), history=(what,))

    def _notices(self, application: Application, because: str, *, new: bool = False, unconfirmed: bool = False) -> tuple[Action, ...]:
        message = self.message
        return notices(
            self.moment,
            application,
            Letter(message.sender, message.subject, self.facts.reply.new_text, self.facts.arrived, message.attachments),
            self.facts.identity,
            because,
            new=new,
            unconfirmed=unconfirmed,
        )

    def _decision(
        self,
        application: Application,
        because: str,
        to_the_candidate: tuple[Action, ...] = (),
        to_staff: tuple[Action, ...] = (),
        history: tuple[HistoryEntry, ...] = (),
    ) -> Decision:
        return Decision(application, (*to_the_candidate, *to_staff), self.facts.judgement.rule, because, history)


def _by_number(answers: Sequence[Answer], positions: Sequence[Position]) -> Position | None:
    """The position whose number in the letter's list was given as the answer."""
    said = next((answer.text for answer in answers if answer.question == POSITION_QUESTION), "")
    number = re.match(r"\W*(\d+)\b", said)
    if number and 1 <= int(number[1]) <= len(positions):
        return positions[int(number[1]) - 1]
    return None
