"""What a damaged journal still says: the file is set aside whole, as evidence, and its sound lines are taken over into a new one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from mailbot.codec import instant_text
from mailbot.records.entry import ALLOWED, STATE_AFTER
from mailbot.records.files import FILE_MODE, in_words, sync_folder
from mailbot.records.journal import Journal
from mailbot.records.ledger import Ledger
from mailbot.records.outbox import Outbox
from mailbot.records.schema import refuse_newer

#: Under this name the ledger remembers what was damaged, until the records have made good what they can.
DAMAGED = "damaged"

#: How a message that a sound line calls sent comes to be sent again in the new journal, by the state that the lines before it leave it in.
_TO_SENT = {
    "planned": ("commit", "sent"),
    "retry": ("commit", "sent"),
    "failed": ("resend", "commit", "sent"),
    "committed": ("sent",),
    "unknown": ("sent",),
    "held": ("sent",),
}
_DOUBT = "lines of the outbox are lost, so it may have gone out"

_Events = list[dict[str, Any]]


def mend(state: Path, now: datetime) -> str:
    """Given the state folder, set each journal aside that is damaged, and put in its place what its sound lines say; return in words what
    was damaged, "" for nothing.

    The ledger remembers it before anything is read from a mended outbox: a stop in between forgets nothing. Nothing that was sent, or may
    have been, is to be sent after that; nothing is sent that no line says was. Raise Permanent, with nothing changed, for what a newer
    mailbot wrote, Temporary if the disk does not let us.
    """
    refuse_newer(state)
    ledger, outbox = state / "ledger.jsonl", state / "outbox.jsonl"
    events, lost = _of_ledger(Journal(ledger))
    said = []
    if lost:
        evidence = _evidence(ledger, now)
        said.append(_words(ledger, evidence, lost))

        def remember(fresh: Path) -> None:
            mended = Ledger(fresh)
            mended.remember(DAMAGED, said[0], now)
            mended.close()

        _take_the_place(ledger, events, evidence, remember)
    events, lost = _of_outbox(Journal(outbox), now)
    if lost:
        evidence = _evidence(outbox, now)
        said.append(_words(outbox, evidence, lost))

        def note(fresh: Path) -> None:
            Outbox(fresh, writer=False)
            known = Ledger(ledger)
            known.remember(DAMAGED, ". ".join(said), now)
            known.close()

        _take_the_place(outbox, events, evidence, note)
    return ". ".join(said)


def _of_ledger(journal: Journal) -> tuple[_Events, int]:
    """The events that a new ledger can hold, and how many lines are lost."""
    kept: _Events = []
    lost = 0
    for event in journal.sound():
        if event is None:
            lost += 1
        else:
            kept.append(event)
    return kept, lost


def _of_outbox(journal: Journal, now: datetime) -> tuple[_Events, int]:
    """The events that a new outbox can hold, and how many lines are lost: damaged, or not possible after those that are.

    A message that waits is of unknown fate where a line behind its first one is lost: that line may have said that it went out.
    """
    kept: _Events = []
    lost = 0
    states: dict[str, str] = {}
    lost_before: dict[str, int] = {}
    doubtful: set[str] = set()
    sent: set[str] = set()
    for event in journal.sound():
        word = event["event"] if event else ""
        name = "" if event is None else event["entry"]["id"] if word == "planned" else event.get("id", "")
        if event is None:
            lost += 1
        elif word == "planned" and name not in states:
            states[name], lost_before[name] = event["entry"]["state"], lost
            kept.append(event)
        elif word in ALLOWED and name in states and states[name] in ALLOWED[word]:
            states[name] = STATE_AFTER.get(word, states[name])
            kept.append(event)
        elif word in ALLOWED or word in ("planned", "filed"):
            if word == "filed" and name in states:
                kept.append(event)
                continue
            lost += 1
            doubtful.add(name)
            if word == "sent":
                sent.add(name)
        else:
            # Of no message; or of a newer mailbot, which is seen when it is read.
            kept.append(event)
    for name, state in states.items():
        happenings: tuple[str, ...] = ()
        if name in sent:
            happenings = _TO_SENT.get(state, ())
        elif state in ("planned", "retry") and (name in doubtful or lost > lost_before[name]):
            happenings = ("commit", "unknown")
        kept += [{"event": each, "id": name, "at": instant_text(now), "reason": _DOUBT, "next": None} for each in happenings]
    return kept, lost


def _words(path: Path, evidence: Path, lost: int) -> str:
    what = "one line" if lost == 1 else f"{lost} lines"
    return f"{path.name} was damaged, and {what} of it lost; it is kept as {evidence.name}, and what its other lines say was taken over"


def _evidence(path: Path, now: datetime) -> Path:
    """Where the damaged file is kept: a name that is free, or that it has already since a stop at this point."""
    name = f"{path.name}.corrupt-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    with in_words(path):
        for number in count(1):
            evidence = path.with_name(name if number == 1 else f"{name}-{number}")
            if not evidence.exists() or evidence.samefile(path):
                return evidence
    raise AssertionError("numbers do not end")


def _take_the_place(path: Path, events: _Events, evidence: Path, then: Callable[[Path], None]) -> None:
    """Put these events in the place of a journal, which is kept as evidence; `then` sees them first and may refuse them."""
    fresh = Journal(path.with_name(f".{path.name}.mended"))
    try:
        fresh.rewrite(events)
        with in_words(path):
            if not evidence.exists():
                evidence.hardlink_to(path)
                evidence.chmod(FILE_MODE)
                sync_folder(path.parent)
        then(fresh.path)
        with in_words(path):
            fresh.path.rename(path)
            sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            fresh.path.unlink()
        raise
