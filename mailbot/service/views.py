"""The records as people and programs see them: the JSON of design section 7 for list, show, outbox and quarantine."""

from __future__ import annotations

from datetime import datetime

from mailbot.hiring.case import Case
from mailbot.hiring.worktime import Worktime
from mailbot.records.catalogue import Row
from mailbot.records.outbox import Entry
from mailbot.records.quarantine import Quarantined

Json = dict[str, object]


def row_view(row: Row, worktime: Worktime) -> Json:
    """One application as `list` shows it."""
    return {
        "reference": row.reference,
        "position": row.position,
        "stage": row.stage,
        "waits_for": row.waits_for,
        "since": instant(row.since, worktime),
        "due": instant(row.due, worktime),
        "hinted": instant(row.hinted, worktime),
        "escalated": instant(row.escalated, worktime),
        "name": row.name,
        "addresses": list(row.addresses),
        "language": row.language,
        "opened": instant(row.opened, worktime),
        "last_message": instant(row.last_message, worktime),
    }


def case_view(row: Row, case: Case, outbox: list[Json], folder: str, worktime: Worktime) -> Json:
    """One application as `show` shows it; `folder` is the case's folder, which paths begin with."""
    application = case.application
    assert application is not None  # the catalogue is of applications
    return row_view(row, worktime) | {
        "questions": [
            {"id": question.id, "text": question.text, "state": question.state, "answer": question.answer or None}
            for question in application.questions
        ],
        "messages": [
            {
                "number": message.number,
                "direction": message.direction,
                "kind": message.kind,
                "from": message.sender,
                "to": message.to,
                "subject": message.subject,
                "message_id": message.message_id,
                "at": instant(message.at, worktime),
                "path": f"{folder}/{message.path}",
            }
            for message in case.messages
        ],
        "attachments": [
            {"name": a.name, "type": a.type, "size": a.size, "verdict": a.verdict, "path": f"{folder}/{a.path}"}
            for message in case.messages
            for a in message.attachments
        ],
        "outbox": outbox,
        "history": [
            {"at": instant(entry.at, worktime), "what": entry.what, "rule": entry.rule, "because": entry.because} for entry in case.history
        ],
    }


def entry_view(entry: Entry, to: str, worktime: Worktime) -> Json:
    """One message of the outbox; the journal knows no addresses, so `to` comes from the record."""
    return {
        "id": entry.id,
        "reference": entry.reference,
        "purpose": entry.purpose,
        "to": to,
        "state": entry.state,
        "attempts": entry.attempts,
        "next": instant(entry.next or entry.not_before, worktime),
        "message_id": entry.message_id,
        "at": instant(entry.at, worktime),
        "reason": entry.reason,
    }


def quarantined_view(entry: Quarantined, worktime: Worktime) -> Json:
    """One message in quarantine."""
    return {
        "id": entry.id,
        "at": instant(entry.at, worktime),
        "attempts": entry.attempts,
        "reason": entry.reason,
        "size": entry.size,
        "path": entry.path or None,
    }


def instant(value: datetime | None, worktime: Worktime) -> str | None:
    """RFC 3339 in the office's zone, with offset."""
    return worktime.local(value).isoformat(timespec="seconds") if value else None
