"""The timeline: what came, what was decided and why, what went out; read from ledger, records and servers, never from the story."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Literal

from mailbot.hiring.case import Case, HistoryEntry
from mailbot.hiring.model import Application, Message
from mailbot.mail import quotes
from mailbot.mail.parse import parse
from mailbot.records.rows import Row
from mailbot.service.demo.onlooker import FOLDERS, Onlooker, outgoing, unsettled, verdicts
from mailbot.service.demo.servers import SENT, Held, Taken

Mark = Literal["came", "so", "sent"]
#: In this order what belongs together is shown.
_ORDER: tuple[Mark, ...] = ("came", "so", "sent")

#: What a message is for, in words.
PURPOSES = {
    "questions": "follow-up questions",
    "position": "which position is it?",
    "missing_questions": "questions still open",
    "test": "test assignment",
    "received": "receipt, with the day of our answer",
    "relay": "the recruiter's own words",
    "reminder": "reminder",
    "notice": "notice",
    "hint": "hint: it still waits",
    "escalation": "ESCALATION, with all it takes to answer",
    "digest": "morning digest",
}
_KINDS = {"auto_reply": "automatic reply"}
#: The greeting, and the line that every notice opens with, say nothing new.
_SKIPPED = re.compile(r"Здравствуйте|Добрый|Hello|Dear|———")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline."""

    at: datetime
    reference: str
    mark: Mark
    text: str
    #: What is told in a lower voice beneath it.
    more: str = ""
    #: The first words of the message itself.
    excerpt: tuple[str, ...] = ()
    urgent: bool = False


class Timeline:
    """Remembers what it has told, so that each thing is told once."""

    def __init__(self, onlooker: Onlooker) -> None:
        self._look = onlooker
        self._uids = dict.fromkeys(FOLDERS, 0)
        self._history: dict[str, int] = {}
        self._standing: dict[str, str] = {}
        self._sent = 0
        self._shown: set[str] = set()

    def news(self) -> list[Line]:
        """What has happened since it was asked last, in order."""
        # Servers, records, ledger: in this order each finds explained in the next what it tells. A message in hand is waited for.
        taken, cases, ledger = self._look.servers.taken, self._look.cases(), self._look.ledger()
        if any(unsettled(ledger, folder) for folder in FOLDERS):
            return []
        lines = [line for folder in FOLDERS for line in self._came(folder, verdicts(ledger, folder))]
        lines += [line for case in cases for line in self._decided(case)]
        lines += self._went(taken, cases)
        # What belongs to one application stays together.
        begins = {line.reference: min(each.at for each in lines if each.reference == line.reference) for line in lines}
        return sorted(lines, key=lambda line: (begins[line.reference], line.reference, line.at, _ORDER.index(line.mark)))

    def _came(self, folder: str, rows: list[Row]) -> list[Line]:
        fresh = [row for row in rows if row.uid > self._uids[folder]]
        if not fresh:
            return []
        held = {each.uid: each for each in self._look.held(folder, self._uids[folder])}
        self._uids[folder] = fresh[-1].uid
        lines: list[Line] = []
        for row in fresh:
            # What mailbot filed in Sent is told of where it went out.
            if row.verdict == "ours" or row.uid not in held:
                continue
            lines.append(_letter(row, held[row.uid], folder))
            if row.same_as:
                because = f"{row.verdict} ({row.rule}): the same message has been handled before; nothing is sent twice"
                lines.append(Line(row.at, row.reference, "so", because))
        return lines

    def _decided(self, case: Case) -> list[Line]:
        fresh = [entry for entry in case.history[self._history.get(case.reference, 0) :] if not entry.what.endswith(" sent")]
        self._history[case.reference] = len(case.history)
        lines = [self._decision(case, list(group)) for _, group in groupby(fresh, key=lambda entry: entry.because)]
        standing = self._standing_of(case.application) if case.application else ""
        if lines and standing != self._standing.get(case.reference, ""):
            self._standing[case.reference] = standing
            last = lines[-1]
            lines[-1] = replace(last, more=standing)
        return lines

    def _decision(self, case: Case, entries: list[HistoryEntry]) -> Line:
        first = entries[0]
        words = [entry.what.removesuffix(" came") for entry in entries]
        # What kind of message it is; of our own staff's, what became of it. A new stage is told beneath.
        word = words[1] if words[0] == "staff" and len(words) > 1 else words[0]
        said = _KINDS.get(word, word)
        rule = f" ({first.rule})" if re.fullmatch(r"D\d+", first.rule) else ""
        reference = case.reference if case.application else ""
        return Line(first.at, reference, "so", f"{said}{rule}: {first.because}", urgent=any("escalated" in word for word in words))

    def _standing_of(self, application: Application) -> str:
        whom = {"candidate": "the candidate's turn", "staff": "a person's turn", "nobody": "nobody's turn"}[application.waits_for]
        until = f" until {day_of(self._look.worktime.local(application.due))}" if application.due else ""
        return f"stage {application.stage}: {whom}{until}"

    def _went(self, taken: tuple[Taken, ...], cases: tuple[Case, ...]) -> list[Line]:
        known, lines = outgoing(cases), []
        for each in taken[self._sent :]:
            message = parse(each.raw)
            if message.message_id in known:
                case, filed = known[message.message_id]
                what = PURPOSES.get(filed.kind, filed.kind)
                reference = case.reference if case.application else ""
            else:
                what, reference = message.subject, ""
            files = ", ".join(attachment.name for attachment in message.attachments)
            whom = self._name(each.to, cases)
            excerpt = () if what in self._shown else _excerpt(message.text, 3)
            self._shown.add(what)
            lines.append(Line(each.at, reference, "sent", f"{what} → {whom}", files, excerpt, urgent="ESCALATION" in what))
        self._sent = len(taken)
        return lines

    def _name(self, address: str, cases: tuple[Case, ...]) -> str:
        member = self._look.settings.company.staff(address)
        if member and member.name:
            return f"{member.name} (recruiter)"
        names = (case.application.name for case in cases if case.application and address in case.application.addresses)
        return next(names, address) or address


def _letter(row: Row, held: Held, folder: str) -> Line:
    message = parse(held.raw)
    name = (message.sender.name or message.sender.address) if message.sender else "nobody"
    where = ["from the shared mailbox"] if folder == SENT else []
    more = ", ".join((*where, *_look_of(message, held.raw), *(attachment.name for attachment in message.attachments)))
    reference = row.reference if row.reference.startswith("A-") else ""
    new_text = quotes.split(message.text, message.html).new_text
    return Line(row.arrived, reference, "came", f"{name}: {message.subject}", more, _excerpt(new_text, 1))


def _excerpt(text: str, count: int) -> tuple[str, ...]:
    """The first lines of a text that say something."""
    lines = [line.strip() for line in text.splitlines()]
    return tuple(line for line in lines if (line and not _SKIPPED.match(line)) or len(line) > 40)[:count]


def day_of(at: datetime) -> str:
    """A day in a few letters: "Mon 30 Nov"."""
    return f"{at:%a} {at.day} {at:%b}"


def _look_of(message: Message, raw: bytes) -> list[str]:
    """What is special in the form of a letter."""
    charset = re.search(rb'(?i)charset="?([\w-]+)', raw)
    name = charset[1].decode().lower() if charset else "utf-8"
    odd = [name] if name not in ("utf-8", "us-ascii") else []
    mailer = re.match(r"[\w .]*[a-zA-Z]", message.first("x-mailer"))
    html = ["HTML only"] if "text/html" in message.parts and "text/plain" not in message.parts else []
    return [*([mailer[0]] if mailer else []), *html, *odd]
