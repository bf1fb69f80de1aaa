"""The process: given an application, a message or a fate, and what is known, decide what happens. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailbot.hiring import candidates, staffmail
from mailbot.hiring.actions import Decision
from mailbot.hiring.case import HistoryEntry
from mailbot.hiring.facts import Facts
from mailbot.hiring.letters import NO_CASE, Letter, case_facts, notices, office_facts, to_staff
from mailbot.hiring.model import Application, Message, Report
from mailbot.hiring.moment import Moment
from mailbot.hiring.stages import WITHDRAWN, stage
from mailbot.hiring.steps import enter
from mailbot.hiring.waiting import on_clock, wait_for_staff, wake

__all__ = ["Fate", "on_clock", "on_delivery", "on_message", "on_move", "wake"]

#: Machine mail: filed, named in the digest, never answered, never an answer of the candidate's.
MACHINES = frozenset({"delayed", "auto_reply", "receipt", "complaint", "calendar", "junk"})
#: Of older mail that is adopted, this is filed alone: its time to be acted on, or to be asked about, has passed.
_FILED_WHEN_ADOPTED = frozenset({"staff", "staff_refused", "pretender", "bounce", "list"})
#: What tells staff that a message was not delivered; a report about a report would never end.
REPORTS = frozenset({"undelivered", "held", "alarm"})
#: In the history: staff were told that a message is held because machines may be talking.
MACHINES_TALK = "staff were told that machines may be talking"


@dataclass(frozen=True, slots=True)
class Fate:
    """How a message of ours ended that did not simply go out."""

    purpose: str
    to: str
    #: "failed" or "held".
    state: str
    #: Plain words, without the address.
    reason: str
    cause: str
    #: It is held because two machines may be writing to each other.
    machines: bool = False


def on_message(application: Application | None, message: Message, facts: Facts, moment: Moment) -> Decision:
    """Given the application it belongs to (None: none yet), a message and its facts, return the decision.

    An application in the answer is the new one; None means that the message is filed in the office.
    """
    kind, because = facts.judgement.kind, facts.judgement.because
    if kind in ("ours", "duplicate") or (facts.adopted and kind in _FILED_WHEN_ADOPTED):
        return Decision(application, rule=facts.judgement.rule, because=because)
    if kind == "staff":
        return staffmail.on_staff(application, message, facts, moment)
    if kind in ("staff_refused", "pretender"):
        return staffmail.on_refused(application, message, facts, moment)
    if kind == "bounce":
        return _on_bounce(application, message, facts, moment)
    # What the mail server took for junk may be a known candidate's all the same.
    if kind in MACHINES and not (kind == "junk" and application):
        return Decision(application, rule=facts.judgement.rule, because=because)
    if kind == "application" or (kind in ("answer", "erasure") and application):
        return candidates.on_candidate(application, message, facts, moment)
    return _to_office(application, message, facts, moment)


def on_delivery(application: Application | None, fate: Fate, moment: Moment) -> Decision:
    """Given a message of ours that failed or is held, tell the recruiters of the application, or n@ where it was written to them.

    That machines may be talking is told to all of them: their addresses work.
    """
    case = case_facts(moment, application) if application else office_facts(moment) | dict(NO_CASE)
    template = "undelivered" if fate.state == "failed" else "held"
    facts = case | {"address": fate.to, "purpose": fate.purpose, "reason": fate.reason}
    recruiters, n = moment.company.recruiters_for(application.position if application else ""), moment.company.n
    # What can not reach a staff member is not reported to that same address.
    others = [reader for reader in recruiters if reader.address != fate.to] or [reader for reader in (n,) if reader.address != fate.to]
    readers = dict.fromkeys((*recruiters, n)) if fate.machines else others
    sends = tuple(to_staff(moment, reader, template, fate.cause, facts) for reader in readers if fate.purpose not in REPORTS)
    what = MACHINES_TALK if fate.machines else f"{fate.purpose} {fate.state}"
    entry = HistoryEntry(moment.now, what, "delivery", fate.reason)
    return Decision(application, sends, "delivery", f"{fate.purpose} is {fate.state}: {fate.reason}", (entry,))


def on_move(application: Application, to: str, moment: Moment, cause: str) -> Decision:
    """Given a person's order to move an application to the stage `to`, return the decision.

    Raise KeyError if there is no such stage.
    """
    stages = moment.company.stages
    there = stage(stages, to)
    # A letter after silence reopens the stage, also where a person has said that it is silent.
    silent_from = (application.silent_from or application.stage) if to in {here.on_silence for here in stages} else ""
    # A person has looked at everything that came before.
    cleared = replace(application, unanswered=(), silent_from=silent_from)
    because = "a person moved it"
    moved, actions = enter(moment, cleared, there, cause, moment.now, automatic=False)
    return Decision(moved, actions, "move", because, (HistoryEntry(moment.now, f"moved to {moved.stage}", "move", because),))


def on_farewell(application: Application, moment: Moment, cause: str) -> Decision:
    """Given another application of somebody who wants their data deleted, return the decision that ends it without a word."""
    there = stage(moment.company.stages, WITHDRAWN)
    left, _ = enter(moment, replace(application, unanswered=()), there, cause, moment.now)
    because = "the candidate wants their data deleted"
    return Decision(left, (), "D11", because, (HistoryEntry(moment.now, f"moved to {left.stage}", "D11", because),))


def _on_bounce(application: Application | None, message: Message, facts: Facts, moment: Moment) -> Decision:
    """A message of ours, or of a person's in a known thread, came back: staff are told once of each; the sender never is."""
    because = facts.judgement.because
    if not application and not facts.returned_purpose:
        return Decision(None, rule=facts.judgement.rule, because=because)
    report = message.report or Report("")
    fate = Fate(
        purpose=facts.returned_purpose or "message",
        to=report.address or (application.addresses[-1] if application else ""),
        state="failed",
        reason=f"{report.status} {report.action}".strip() or "the message came back",
        cause=report.message_id or facts.identity,
    )
    decision = on_delivery(application, fate, moment)
    return replace(decision, rule=facts.judgement.rule, because=because)


def _to_office(application: Application | None, message: Message, facts: Facts, moment: Moment) -> Decision:
    """It gets no answer from a machine, but a person is told; in a thread that is known it waits for a person there."""
    because = facts.judgement.because
    letter = Letter(message.sender, message.subject, facts.reply.new_text or message.text, facts.arrived, message.attachments)
    if application:
        waiting = wait_for_staff(moment, application, facts.identity, facts.arrived, facts.adopted)
        told = notices(moment, waiting, letter, facts.identity, because, unconfirmed=not facts.match.confirmed)
        return Decision(waiting, told, facts.judgement.rule, because)
    office = office_facts(moment) | dict(NO_CASE) | {"kind": facts.judgement.kind, "because": because, "letter": letter.facts()}
    sends = tuple(
        to_staff(moment, recruiter, "office_notice", facts.identity, office, attachments=letter.attachments)
        for recruiter in moment.company.recruiters_for(facts.position.id if facts.position else "")
    )
    return Decision(None, sends, facts.judgement.rule, because)


def on_broken(id: str, reason: str, size: int, moment: Moment) -> Decision:
    """Given a message that is in quarantine under `id`, tell the recruiters where it lies and why."""
    because = f"it could not be handled and lies in quarantine as {id}, {size} bytes: {reason}"
    facts = office_facts(moment) | dict(NO_CASE) | {"kind": "broken", "because": because, "letter": None}
    sends = tuple(to_staff(moment, recruiter, "office_notice", id, facts) for recruiter in moment.company.recruiters_for(""))
    return Decision(None, sends, "D0", because, (HistoryEntry(moment.now, "a message went to quarantine", "D0", because),))


def on_alarm(reason: str, cause: str, moment: Moment, *, everybody: bool = False) -> Decision:
    """Given something about mailbot itself that a person must know, tell n@, or `everybody` of staff, at once, by whatever hour."""
    readers = dict.fromkeys((*moment.company.recruiters, moment.company.n)) if everybody else (moment.company.n,)
    alarms = tuple(to_staff(moment, reader, "alarm", cause, dict(NO_CASE) | {"reason": reason}) for reader in readers)
    return Decision(None, alarms, "alarm", reason, (HistoryEntry(moment.now, "an alarm", "alarm", reason),))
