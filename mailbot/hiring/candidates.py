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
from mailbot.hiring.stages import WITHDRAWN, Stage, stage
from mailbot.hiring.steps import POSITION_QUESTION, QUESTIONS, deadline, enter
from mailbot.hiring.waiting import escalate, settle, wait_for_staff

#: A solution without an attachment or a link is at least this long; what is shorter is a remark (a page has about 1,800).
_SOLUTION_LETTERS = 400
#: Threads are cut to their beginning and their end, as in References.
_THREAD_LENGTH = 40


def on_candidate(application: Application | None, message: Message, facts: Facts, moment: Moment) -> Decision:
    """Given a candidate's letter and the application it belongs to (None for a first letter), return the decision."""
    letter = _Letter(message, facts, moment)
    if application is None:
        return letter.open()
    if not facts.match.confirmed:
        return letter.unconfirmed(application)
    filed = _filed(application, message, facts)
    if not filed.silent_from:
        return letter.follow(filed)
    # A letter after silence: the stage that fell silent is open again.
    reopened = settle(moment, replace(filed, stage=filed.silent_from, silent_from=""))
    decision = letter.follow(reopened)
    entry = HistoryEntry(moment.now, f"moved to {reopened.stage}", facts.judgement.rule, "a letter after silence")
    return replace(decision, history=(entry, *decision.history))


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
    return (longer[0], *longer[1:][1 - _THREAD_LENGTH :])


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
            answered=facts.answered,
        )
        if facts.answered and facts.arrived <= facts.answered:
            # Nothing was asked that the candidate could be reminded of, or fall silent about.
            return self.for_a_person(replace(application, since=None), "a person has answered it already", acknowledge=False, new=True)
        if self._not_answerable:
            return self.for_a_person(application, self._not_answerable, acknowledge=False, new=True)
        entered, actions = self._enter(application, first, "letter")
        if facts.asks_us:
            entered = self._waiting(entered)
        because = "a first letter" if facts.position else "a first letter; the position is not clear"
        return self._decision(entered, because, actions, self._notices(entered, because, new=True))

    def follow(self, application: Application) -> Decision:
        """A further letter: what follows depends on its kind and on the stage that the application is in."""
        here = stage(self.moment.company.stages, application.stage)
        rule, erasure = self.facts.judgement.rule, self.facts.judgement.kind == "erasure"
        if self._not_answerable:
            return self.for_a_person(application, self._not_answerable, acknowledge=False)
        if rule == "D11" and here.id != WITHDRAWN and (erasure or not here.is_end):
            return self.leave(application, erasure=erasure)
        if self._is_repeated_to_n():
            return self.repeated(application)
        if here.is_end:
            return self.for_a_person(application, "a letter after the end of the process", acknowledge=False)
        if here.advance != "auto":
            return self.for_a_person(application, "a letter at a stage where a person answers")
        if not application.position:
            return self.position_named(application, here)
        if here.send == QUESTIONS and not application.questions:
            return self.for_a_person(application, "the candidate was never asked the questions")
        if here.send == QUESTIONS:
            return self.answered(application, here)
        return self.handed_in(application, here)

    def unconfirmed(self, application: Application) -> Decision:
        """Written in the thread from an address that the application does not know: it moves nothing and sends nothing."""
        because = "written in the candidate's thread from an address that the application does not know"
        waiting = self._waiting(application)
        return self._decision(waiting, because, (), self._notices(waiting, because, unconfirmed=True))

    def leave(self, application: Application, *, erasure: bool) -> Decision:
        """The candidate withdraws, or wants their data deleted: one confirmation, then no automatic mail any more."""
        identity, arrived = self.facts.identity, self.facts.arrived
        there = stage(self.moment.company.stages, WITHDRAWN)
        left, actions = enter(self.moment, replace(application, unanswered=()), there, identity, arrived)
        because = "the candidate withdraws"
        if erasure:
            because = "the candidate wants their data deleted"
            left = self._waiting(left)
            actions = (to_candidate(self.moment, left, "erasure", identity, {}),)
        return self._decision(left, because, actions, self._notices(left, because), (self._moved(left, because),))

    def repeated(self, application: Application) -> Decision:
        """A letter to n@ alone: it sends the candidate nothing and goes to n@ at once, as the escalation of this wait."""
        because = "the candidate has written to n@"
        waiting = self._waiting(application)
        if waiting.escalated or waiting.waits_for != "staff":
            return self._decision(waiting, because, (), self._notices(waiting, because))
        escalated = escalate(waiting, self._shown(), self.moment, because)
        return replace(escalated, rule=self.facts.judgement.rule)

    def for_a_person(self, application: Application, because: str, *, acknowledge: bool = True, new: bool = False) -> Decision:
        """A person has to answer: the clock starts, the recruiters are told, the candidate gets one dated promise."""
        already = application.waits_for == "staff"
        waiting = self._waiting(application)
        promise: tuple[Action, ...] = ()
        if acknowledge and not already and waiting.waits_for == "staff":
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
        entered, actions = self._enter(named, here, "letter")
        because = f"the position is {position.id}"
        if self.facts.asks_us:
            entered = self._waiting(entered)
            return self._decision(entered, because, actions, self._notices(entered, "the candidate asks a question"))
        return self._decision(entered, because, actions, self._notices_where_staff_answers(entered, because))

    def answered(self, application: Application, here: Stage) -> Decision:
        """Answers to the questions: all of them lead on, some of them are thanked for, none of them is for a person."""
        merged = replace(application, questions=merge_answers(application.questions, self.facts.answers))
        missing = tuple(question for question in merged.questions if question.required and question.state == "missing")
        if self.facts.asks_us:
            return self.for_a_person(merged, "the candidate asks a question")
        if self.facts.postpones and (missing or not self.facts.answers):
            return self._decision(merged if self.facts.answers else application, "the candidate will answer later")
        if not missing:
            return self._advance(merged, here, "all required questions are answered", "letter")
        if not self.facts.answers:
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
            return self._advance(application, here, "the solution has come", "solution")
        if self.facts.postpones and not self.facts.asks_us:
            return self._decision(application, "the candidate will hand it in later")
        because = "the candidate asks a question" if self.facts.asks_us else "no solution was recognised in the letter"
        return self.for_a_person(application, because)

    def _holds_a_solution(self) -> bool:
        text = self.facts.reply.new_text
        # A picture beside "пришлю завтра" is the logo of a signature.
        if any(not (self.facts.postpones and attachment.type.startswith("image/")) for attachment in self.message.attachments):
            return True
        if any(urlsplit(link).path.strip("/") for link in re.findall(r"https?://\S+", text)):
            return True
        return len(re.sub(r"\W", "", text)) >= _SOLUTION_LETTERS and not self.facts.asks_us

    def _advance(self, application: Application, here: Stage, because: str, what: str) -> Decision:
        # Only a stage that leads on may advance by itself.
        moved, actions = self._enter(application, stage(self.moment.company.stages, here.next), what)
        told = self._notices_where_staff_answers(moved, because)
        return self._decision(moved, because, actions, told, (self._moved(moved, because),))

    def _enter(self, application: Application, there: Stage, what: str) -> tuple[Application, tuple[Action, ...]]:
        """Enter a stage; where a person has to answer there, the candidate gets a dated promise."""
        facts = self.facts
        moved, actions = enter(self.moment, application, there, facts.identity, facts.arrived, since=facts.adopted)
        if not self._staff_answer_at(moved):
            return moved, actions
        return moved, (*actions, received(self.moment, moved, self.facts.identity, what))

    def _waiting(self, application: Application) -> Application:
        """The application with this letter among those that a person has to answer."""
        return wait_for_staff(self.moment, application, self.facts.identity, self.facts.arrived, self.facts.adopted)

    def _staff_answer_at(self, application: Application) -> bool:
        return stage(self.moment.company.stages, application.stage).waits_for == "staff"

    @property
    def _not_answerable(self) -> str:
        """Why a machine must not answer the letter, or ""."""
        if not self.facts.answering:
            return "it is an older letter that was adopted to be answered by a person"
        if self.facts.late:
            return "it came long ago, or may have"
        return "" if self.facts.judgement.may_answer else self.facts.judgement.because

    def _is_repeated_to_n(self) -> bool:
        """Whether n@ is among those it was written to, and neither job@ nor an alias."""
        to = {recipient.address for recipient in self.message.recipients}
        return self.moment.company.escalation in to and not to & self.moment.company.own_addresses

    def _moved(self, application: Application, because: str) -> HistoryEntry:
        return HistoryEntry(self.moment.now, f"moved to {application.stage}", self.facts.judgement.rule, because)

    def _shown(self) -> Letter:
        """The letter as staff are shown it."""
        message = self.message
        return Letter(message.sender, message.subject, self.facts.reply.new_text, self.facts.arrived, message.attachments)

    def _notices_where_staff_answers(self, application: Application, because: str) -> tuple[Action, ...]:
        return self._notices(application, because) if self._staff_answer_at(application) else ()

    def _notices(self, application: Application, because: str, *, new: bool = False, unconfirmed: bool = False) -> tuple[Action, ...]:
        return notices(self.moment, application, self._shown(), self.facts.identity, because, new=new, unconfirmed=unconfirmed)

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
