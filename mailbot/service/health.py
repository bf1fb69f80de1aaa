"""Health in human terms: what `mailbot status` says, asked of the running daemon or, without one, of the state folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailbot.service.counts import mailboxes
from mailbot.tasks.breaker import breaker
from mailbot.tasks.desk import Desk
from mailbot.tasks.jumps import held_clock
from mailbot.tasks.modes import safe_mode
from mailbot.tasks.watch import Watch

#: Messages in these states wait for a person.
_STUCK = ("held", "unknown", "failed")


@dataclass(frozen=True, slots=True)
class Pulse:
    """What only the running daemon knows."""

    pid: int
    started: datetime
    watch: Watch


def health(desk: Desk, pulse: Pulse | None) -> dict[str, object]:
    """Given a desk and the daemon's pulse (None: none is running), return the keys of design section 7.

    Raise Temporary where the server fails while it is asked for its counts.
    """
    now = desk.clock()
    waiting = [row for row in desk.catalogue.rows() if row.waits_for == "staff"]
    oldest = min(waiting, key=lambda row: row.since or now, default=None)
    outbox = Counter(entry.state for entry in desk.outbox.entries())
    official = desk.worktime.official_until(desk.worktime.local(now).year)
    tripped = breaker(desk.ledger).open
    boxes = mailboxes(desk, pulse.watch) if pulse and pulse.watch.connected and not pulse.watch.reading else []
    answer: dict[str, object] = {
        "state": "ok",
        "pid": pulse.pid if pulse else None,
        "started": _text(desk, pulse.started if pulse else None),
        "last_fetch": _text(desk, pulse.watch.last_fetch if pulse else None),
        "last_sent": _text(desk, pulse.watch.last_sent if pulse else None),
        "waiting": {
            "count": len(waiting),
            "overdue": sum(1 for row in waiting if row.due and row.due < now),
            "oldest": {
                "reference": oldest.reference,
                "working_hours": round(desk.worktime.working_hours(oldest.since or now, now), 1),
            }
            if oldest
            else None,
        },
        "outbox": dict(sorted(outbox.items())),
        "quarantine": len(desk.quarantine.entries()),
        "breaker": "open" if tripped else "closed",
        "calendar": {"official_until": official},
        "mailboxes": boxes,
    }
    troubled = (
        tripped
        or (pulse and (not pulse.watch.connected or pulse.watch.is_resting()))
        or answer["quarantine"]
        or any(state in outbox for state in _STUCK)
        or any(box["because"] for box in boxes)
        or official is None
        or held_clock(desk)
    )
    if pulse is None:
        answer["state"] = "stopped"
    elif safe_mode(desk):
        answer["state"] = "safe"
    elif troubled:
        answer["state"] = "degraded"
    return answer


def in_words(answer: Mapping[str, object], safe: str, clock: str, opened: str = "") -> str:
    """The same for a person, a line a matter."""
    lines = [f"{name.replace('_', ' ')}: {_plain(value)}" for name, value in answer.items()]
    if clock:
        lines.insert(1, f"the clock: {clock}; escalations and reminders wait until `mailbot resume`")
    boxes = answer["mailboxes"]
    assert isinstance(boxes, list)
    lines += [box["because"] for box in boxes if box["because"]]
    if opened:
        lines.insert(1, opened)
    if safe:
        lines.insert(1, f"safe mode: {safe}; nothing is sent to candidates until `mailbot resume`")
    return "\n".join(lines)


def this_process(started: datetime, watch: Watch) -> Pulse:
    """The pulse of the daemon that this is."""
    return Pulse(os.getpid(), started, watch)


def _text(desk: Desk, instant: datetime | None) -> str | None:
    return desk.worktime.local(instant).isoformat(timespec="seconds") if instant else None


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(_plain(inner) for inner in value) or "none"
    return "none" if value is None else str(value)
