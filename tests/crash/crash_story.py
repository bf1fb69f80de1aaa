"""The story whose passes are stopped and hindered: a letter, the answers, a question, a recruiter's answer or else the escalation; a
message of unknown fate about which a person decides, among letters of machines and one that can not be read; a backup; an adoption."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from applicants import A_FILE, ANSWERS, LETTER, SUBJECT
from clients import plain
from office import CANDIDATE, JOB, MONDAY, RECRUITER, N, Office
from points import Stop
from trials import Aftermath, Bench, Moment

from mailbot.records.journal import Journal

QUESTION = "Здравствуйте! Подскажите, пожалуйста, можно ли работать по вечерам?"
ANSWER = "Мария, здравствуйте!\n\nПо вечерам не получится, но можно начинать в восемь."
#: Who writes before mailbot is there, and is adopted later.
EARLIER = "boris.orlov@yandex.ru"
#: Who writes what no machine may answer, by what makes them machines.
MACHINES: Mapping[str, Mapping[str, str]] = {
    "noreply@hh.ru": {},
    "news@lists.example": {"List-Id": "<jobs.lists.example>", "List-Unsubscribe": "<https://lists.example/off>"},
    "office@away.example": {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"},
    "MAILER-DAEMON@mx.example": {"Return-Path": "<>", "X-Failed-Recipients": CANDIDATE},
}
#: Declares more boundaries than the reader of messages will look for.
POISON = (
    f"From: poison@mail.example\r\nTo: {JOB}\r\nSubject: x\r\nMessage-ID: <poison@mail.example>\r\n\r\n"
    + "".join(f'boundary="{number}"\r\n' for number in range(150))
).encode()
#: Whom mailbot may write to.
WRITTEN_TO = frozenset({CANDIDATE, EARLIER, RECRUITER, N})
#: What no log may hold.
PERSONAL = (
    *("Мария", "Петров", "maria", "petrova", CANDIDATE, RECRUITER, N, "Отклик", "ярмарк", "вечерам", A_FILE[0], "345-67-89"),
    *("Борис", "orlov", EARLIER, *MACHINES, "poison@mail.example"),
)
#: So many lines make a ledger worth compacting.
_LINES = 1200


@dataclass(frozen=True)
class Scene:
    """A moment right before a pass, and what comes of it when nobody hinders it."""

    moment: Moment
    clean: Aftermath


def scenes(bench: Bench, office: Office) -> tuple[Scene, ...]:
    """The story once without harm, up to each scene's moment; the bench is warm afterwards."""
    story = _Story(bench, office)
    start = story.scene("first contact", MONDAY, Path("nowhere"), office.user, lambda: _old_letters(office))
    letter = story.after(start, "letter", _at(24, 11), lambda: office.letter(SUBJECT, LETTER, attach=A_FILE))
    (questions,) = _sent(letter.clean, CANDIDATE)
    answers = story.after(letter, "answers", _at(24, 13), lambda: office.letter(f"Re: {SUBJECT}", ANSWERS, answers=questions))
    (test,) = _sent(answers.clean, CANDIDATE)
    asked = story.after(answers, "question", _at(24, 15), lambda: office.letter(f"Re: {SUBJECT}", QUESTION, answers=test))
    notice = _sent(asked.clean, RECRUITER)[-1]
    words = plain(notice, ANSWER)
    relay = story.after(
        asked, "relay", _at(24, 17), lambda: office.letter(f"Re: {notice['Subject']}", words, sender=RECRUITER, answers=notice)
    )
    escalation = story.after(asked, "escalation", _at(28, 10), lambda: None)
    # Killed before the dot, which the journal says went out: nobody can know, so after an hour a person is asked.
    held = bench.trial(answers.moment, Stop("smtp.dot", 1, "before").order, keep=True)
    asking = _sent(held, RECRUITER)[-1]
    _make_long(held.state / "ledger.jsonl")
    word = story.scene("word", _at(24, 16), held.state, held.user, lambda: _word_among_machines(office, asking))
    backup = story.scene("backup", _at(24, 14), letter.clean.state, answers.clean.user, lambda: None)
    adoption = story.scene("adoption", _at(24, 11), start.clean.state, start.clean.user, lambda: None, adopt=MONDAY - timedelta(days=9))
    return (start, letter, answers, relay, escalation, word, backup, adoption)


class _Story:
    def __init__(self, bench: Bench, office: Office) -> None:
        self.bench, self.office = bench, office

    def after(self, earlier: Scene, name: str, now: datetime, comes: Callable[[], object]) -> Scene:
        return self.scene(name, now, earlier.clean.state, earlier.clean.user, comes)

    def scene(self, name: str, now: datetime, state: Path, user: str, comes: Callable[[], object], adopt: datetime | None = None) -> Scene:
        """What `comes` puts into that user's mailbox, the moment after it, and a pass that warms the bench."""
        self.office.user, self.office.now = user, now
        moment = self.bench.moment(name, now, state, user, comes, adopt)
        return Scene(moment, self.bench.trial(moment, keep=True, here=True))


def _old_letters(office: Office) -> None:
    """What lies in the mailbox at first contact."""
    office.letter("Отклик на вакансию", "Здравствуйте! Хочу у вас работать.\n\nБорис", sender=f"Борис <{EARLIER}>", at=_at(21, 12))
    for sender in ("noreply@hh.ru", "news@lists.example"):
        office.letter("Новости", "Отклик на вакансию", sender=sender, headers=dict(MACHINES[sender]), at=_at(21, 13))


def _word_among_machines(office: Office, asking: EmailMessage) -> None:
    """The recruiter says that the held message is to be sent; machines write, and somebody who can not be read."""
    for sender, headers in MACHINES.items():
        office.letter("Re: Отклик", "Ваше письмо получено", sender=sender, headers=dict(headers))
    office.put(POISON)
    office.letter(f"Re: {asking['Subject']}", plain(asking, "отправить"), sender=RECRUITER, answers=asking)


def _make_long(ledger: Path) -> None:
    """Lines that mean nothing any more, so that the next start compacts."""
    journal = Journal(ledger)
    line = next(event for event in journal.read() if event["event"] == "verdict")
    for _ in range(_LINES):
        journal.append(line, sync=False)
    journal.close()


def parsed(raws: Iterable[bytes]) -> list[EmailMessage]:
    """Messages as a mail client reads them."""
    return [message for raw in raws if isinstance(message := email.message_from_bytes(raw, policy=email.policy.default), EmailMessage)]


def _sent(aftermath: Aftermath, address: str) -> list[EmailMessage]:
    return parsed(transaction.data for transaction in aftermath.taken if transaction.rcpt == (address,))


def _at(day: int, hour: int) -> datetime:
    return MONDAY.replace(day=day, hour=hour, minute=0)
