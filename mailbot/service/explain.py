"""Explaining: what would be done with a message and why, without doing or sending anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailbot.hiring.actions import Action, Relay
from mailbot.hiring.letters import OFFICE_HOURS
from mailbot.hiring.model import Message
from mailbot.hiring.process import on_message
from mailbot.service.pages import printable
from mailbot.service.views import instant
from mailbot.tasks.desk import Desk
from mailbot.tasks.gather import gather


def explain(desk: Desk, file: str, raw: bytes, at: datetime | None) -> dict[str, object]:
    """Given a message's bytes and the instant of its arrival (None: as its headers say), return every key of design section 7.

    Raise BadMessage where nothing can be made of the bytes, Temporary if the machine can not have them read now.
    """
    read = desk.reader.read(raw)
    arrived = at or arrival(read.message) or desk.clock()
    # What would be done at that instant: an old letter is explained as it was new.
    desk = replace(desk, clock=lambda: arrived)
    found = gather(desk, read, role="inbox", arrived=arrived)
    facts, message = found.facts, found.message
    decision = on_message(found.application, message, facts, desk.moment())
    report = message.report if facts.judgement.kind in ("bounce", "delayed") else None
    return {
        "file": file,
        "kind": facts.judgement.kind,
        "rule": facts.judgement.rule,
        "subject": message.subject,
        "from": {"name": message.sender.name, "address": message.sender.address} if message.sender else {"name": "", "address": ""},
        "message_id": message.message_id,
        "in_reply_to": list(message.in_reply_to),
        "references": list(message.references),
        "date": instant(message.date, desk.worktime),
        "charset_guessed": message.charset_guessed,
        "text": facts.reply.new_text,
        "full_text": message.text,
        "quoted": list(facts.reply.quoted),
        "attachments": [
            {"name": a.name, "type": a.type, "size": len(a.content), "text_chars": len(a.text), "verdict": a.verdict}
            for a in message.attachments
        ],
        "person": {
            "name": facts.person.name,
            "phones": list(facts.person.phones),
            "addresses": list(facts.person.addresses),
            "telegram": facts.person.telegram,
            "links": list(facts.person.links),
            "city": facts.person.city,
            "pay": facts.person.pay,
        },
        "position": facts.position.id if facts.position else None,
        "language": facts.language,
        "answers": [{"question": answer.question, "text": answer.text} for answer in facts.answers],
        "asks_us": facts.asks_us,
        "bounce": {"address": report.address, "final": facts.judgement.kind == "bounce", "message_id": report.message_id}
        if report
        else None,
        "application": decision.application.reference if decision.application else None,
        "actions": [_action(desk, action) for action in decision.actions],
        "because": decision.because,
    }


def arrival(message: Message) -> datetime | None:
    """When a message arrived as far as its headers say: the topmost Received (RFC 5321 4.4), else Date; None if neither can be read."""
    stamp = message.first("received").rpartition(";")[2].strip()
    try:
        received = parsedate_to_datetime(re.sub(r"\s*\(.*?\)\s*$", "", stamp))
    except (ValueError, IndexError, TypeError):
        return message.date
    return received if received.tzinfo else received.replace(tzinfo=UTC)


def in_words(answer: Mapping[str, object]) -> str:
    """The same for a person: what it is, what follows, and why."""
    sender = answer["from"]
    actions = answer["actions"]
    assert isinstance(sender, dict)
    assert isinstance(actions, list)
    lines = [
        f"{answer['file']}: {answer['kind']} ({answer['rule']})",
        f"  because      {answer['because']}",
        f"  from         {sender['name']} <{sender['address']}>",
        f"  subject      {answer['subject']}",
        f"  position     {answer['position'] or 'not clear'}; language {answer['language']}; application {answer['application'] or 'none'}",
    ]
    lines += [
        f"  would {action['do']:6} {action['template'] or 'their own words'} to {action['to']} at {action['at']}" for action in actions
    ]
    if not actions:
        lines.append("  would send nothing")
    return "\n".join(map(printable, lines))


def _action(desk: Desk, action: Action) -> dict[str, object]:
    now = desk.clock()
    at = action.not_before or now
    if not isinstance(action, Relay) and action.purpose in OFFICE_HOURS:
        at = desk.worktime.next_opening(at)
    template = "" if isinstance(action, Relay) else action.template
    return {"do": "relay" if isinstance(action, Relay) else "send", "to": action.to, "template": template, "at": instant(at, desk.worktime)}
