"""What follows from a staff member's message: a relay, a stopped clock, or a plain word why nothing was done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mailbot.hiring.actions import Decision, Relay, Release, Send
from mailbot.hiring.candidates import thread_with
from mailbot.hiring.case import HistoryEntry
from mailbot.hiring.commands import command_lines, stray_slash_lines
from mailbot.hiring.facts import Facts, StaffRoute
from mailbot.hiring.held import word_of
from mailbot.hiring.letters import NO_CASE, Letter, about_case, case_facts, office_facts, to_staff
from mailbot.hiring.model import Application, Message
from mailbot.hiring.moment import Moment
from mailbot.hiring.relay import leak
from mailbot.hiring.waiting import person_answered

#: Forms in which mail programs attach a message whole; winmail.dat is the very answer, as Outlook writes it, with the notice in it.
_WHOLE_MESSAGES = frozenset(
    {"message/rfc822", "message/global", "application/ms-tnef", "application/vnd.ms-tnef", "application/vnd.ms-outlook"}
)
_NAMES_OF_MESSAGES = (".eml", ".msg", ".mht", ".mhtml", ".mbox", ".emlx", ".pst", ".oft", "winmail.dat")


def on_staff(application: Application | None, message: Message, facts: Facts, moment: Moment) -> Decision:
    """Given a staff member's message that counts (D9), return the decision.

    Only an answer to a notice is relayed, and only if the candidate has not got it already and nothing leaks.
    """
    rule, route = facts.judgement.rule, facts.staff
    assert route is not None  # kinds says "staff" only of a message whose way is known
    if application is None:
        if route.asks_of_held:
            return _on_held(None, facts, route, moment)
        return Decision(None, rule=rule, because="a staff member's message that belongs to no application")
    if route.route == "sent" and not _reached_candidate(application, message):
        return Decision(application, rule=rule, because="a person has written of the candidate to somebody else")
    if route.route != "notice" or _reached_candidate(application, message):
        reached = replace(application, thread=thread_with(application.thread, message.message_id))
        stopped = _answered(reached, message, facts, moment)
        because = "a person has answered the candidate directly"
        told = _second(application, facts, route, moment)
        return Decision(stopped, told, rule, because, (HistoryEntry(moment.now, "a person answered", rule, because),))
    if route.asks_of_held:
        return _on_held(application, facts, route, moment)
    refusal = _not_to_be_relayed(application, message, facts, route, moment)
    if refusal:
        return _returned(application, facts, route, moment, refusal)
    written = _answered(application, message, facts, moment)
    relay = Relay(
        to=application.addresses[-1],
        text=facts.reply.new_text,
        name=route.recruiter.name,
        signature=route.recruiter.signature,
        cause=facts.identity,
        thread=application.thread,
        subject=application.subject,
        attachments=message.attachments,
        not_before=moment.now + timedelta(minutes=moment.company.relay_delay_minutes) if moment.company.relay_delay_minutes else None,
    )
    because = "a staff member answered the notice"
    told = _second(application, facts, route, moment)
    return Decision(written, (relay, *told), rule, because, (HistoryEntry(moment.now, "a person's answer is relayed", rule, because),))


def _on_held(application: Application | None, facts: Facts, route: StaffRoute, moment: Moment) -> Decision:
    """The answer to a notice that asks what becomes of a held message: one word, or it comes back. It answers no candidate's letter."""
    word = word_of(facts.reply.new_text)
    if not route.held:
        return _returned(application, facts, route, moment, "the message is not held any more: it was decided on before")
    if word is None:
        return _returned(application, facts, route, moment, "a held message is decided on by one word above the line: send, or drop")
    because = "a person had the held message sent" if word == "resend" else "a person dropped the held message"
    rule = facts.judgement.rule
    entry = HistoryEntry(moment.now, "a held message was decided on", rule, because)
    return Decision(application, rule=rule, because=because, history=(entry,), release=Release(route.held, word))


def on_refused(application: Application | None, message: Message, facts: Facts, moment: Moment) -> Decision:
    """Given mail from a listed or an own address that does not count, change nothing and ask at the configured address."""
    because, rule = facts.judgement.because, facts.judgement.rule
    sender = message.sender.address if message.sender else ""
    asked = moment.company.staff(sender)
    letter = Letter(message.sender, message.subject, facts.reply.new_text, facts.arrived, message.attachments)
    if asked and application and facts.staff and facts.staff.expired and not facts.staff.asks_of_held:
        # Whoever holds the configured address gets a fresh notice to answer.
        about = about_case(moment, application, None, because)
        fresh = to_staff(moment, asked, "expired", facts.identity, about, auto_submitted="auto-replied")
        return Decision(application, (fresh,), rule, because)
    recruiters = (asked,) if asked else moment.company.recruiters_for("")
    case = case_facts(moment, application) if application else office_facts(moment) | dict(NO_CASE)
    sends = tuple(
        to_staff(
            moment,
            recruiter,
            "refused",
            facts.identity,
            case | {"reason": because, "letter": letter.facts()},
            auto_submitted="auto-replied",
        )
        for recruiter in recruiters
    )
    return Decision(application, sends, rule, because)


def _reached_candidate(application: Application, message: Message) -> bool:
    """True where the candidate stands in To or Cc, or in the Bcc that only the copy in Sent has: they have it already."""
    hidden = " ".join(message.all("bcc")).lower()
    named = {recipient.address for recipient in message.recipients}
    return any(address in named or address in hidden for address in application.addresses)


def _answered(application: Application, message: Message, facts: Facts, moment: Moment) -> Application:
    # A Date in the future would end the waits of letters that the writer cannot have seen.
    written = min(message.date, facts.arrived) if message.date else facts.arrived
    return person_answered(moment, application, written)


def _not_to_be_relayed(application: Application, message: Message, facts: Facts, route: StaffRoute, moment: Moment) -> str:
    """The reason why the words must not go to the candidate, or ""."""
    text = facts.reply.new_text
    commands = (*command_lines(text), *stray_slash_lines(text))
    if commands:
        return f"«{commands[0]}»: a line that begins with «/» is a command, and no such command is known"
    if not text.strip() and not message.attachments:
        return "there is no text above the line"
    forbidden = (moment.company.staff_addresses | frozenset(moment.company.aliases)) - {moment.company.job}
    for attachment in message.attachments:
        if attachment.type in _WHOLE_MESSAGES or attachment.name.lower().endswith(_NAMES_OF_MESSAGES):
            return "an attached message may hold the notice"
        if attachment.verdict in ("withheld", "infected"):
            return "an attachment is not safe to pass on"
    texts = (text, *(said for attachment in message.attachments for said in (attachment.name, attachment.text)))
    return next((reason for each in texts if (reason := leak(each, route.notice_text, route.candidate_words, forbidden))), "")


def _returned(application: Application | None, facts: Facts, route: StaffRoute, moment: Moment, reason: str) -> Decision:
    case = case_facts(moment, application) if application else office_facts(moment) | dict(NO_CASE)
    back = to_staff(
        moment,
        route.recruiter,
        "returned",
        facts.identity,
        case | {"reason": reason, "text": facts.reply.new_text},
        auto_submitted="auto-replied",
    )
    entry = HistoryEntry(moment.now, "a relay was not sent", facts.judgement.rule, reason)
    return Decision(application, (back,), facts.judgement.rule, reason, (entry,))


def _second(application: Application, facts: Facts, route: StaffRoute, moment: Moment) -> tuple[Send, ...]:
    """Two staff members may answer; the second is told of the first."""
    if route.first is None:
        return ()
    name, at = route.first
    first = case_facts(moment, application) | {"first": {"name": name, "at": at}}
    return (to_staff(moment, route.recruiter, "answered", facts.identity, first, auto_submitted="auto-replied"),)
