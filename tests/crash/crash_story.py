"""The story whose passes are stopped and hindered: a letter, the answers, a question, a recruiter's answer or else the escalation."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from applicants import A_FILE, ANSWERS, LETTER, SUBJECT
from clients import plain
from office import CANDIDATE, MONDAY, RECRUITER, N, Office
from trials import Aftermath, Bench, Moment

QUESTION = "Здравствуйте! Подскажите, пожалуйста, можно ли работать по вечерам?"
ANSWER = "Мария, здравствуйте!\n\nПо вечерам не получится, но можно начинать в восемь."
#: What no log may hold.
PERSONAL = ("Мария", "Петров", "maria", "petrova", CANDIDATE, RECRUITER, N, "Отклик", "ярмарк", "вечерам", A_FILE[0], "345-67-89")


@dataclass(frozen=True)
class Scene:
    """A moment right before a pass, and what comes of it when nobody hinders it."""

    moment: Moment
    clean: Aftermath


def scenes(bench: Bench, office: Office) -> tuple[Scene, ...]:
    """The story once without harm, up to each scene's moment; the bench is warm afterwards."""
    story = _Story(bench, office)
    start = story.scene("first contact", MONDAY, Path("nowhere"), office.user, lambda: None)
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
    return (start, letter, answers, relay, escalation)


class _Story:
    def __init__(self, bench: Bench, office: Office) -> None:
        self.bench, self.office = bench, office

    def after(self, earlier: Scene, name: str, now: datetime, comes: Callable[[], object]) -> Scene:
        return self.scene(name, now, earlier.clean.state, earlier.clean.user, comes)

    def scene(self, name: str, now: datetime, state: Path, user: str, comes: Callable[[], object]) -> Scene:
        """What `comes` puts into that user's mailbox, the moment after it, and a pass that warms the bench."""
        self.office.user, self.office.now = user, now
        moment = self.bench.moment(name, now, state, user, comes)
        return Scene(moment, self.bench.trial(moment, keep=True, here=True))


def parsed(raws: Iterable[bytes]) -> list[EmailMessage]:
    """Messages as a mail client reads them."""
    return [message for raw in raws if isinstance(message := email.message_from_bytes(raw, policy=email.policy.default), EmailMessage)]


def _sent(aftermath: Aftermath, address: str) -> list[EmailMessage]:
    return parsed(transaction.data for transaction in aftermath.taken if transaction.rcpt == (address,))


def _at(day: int, hour: int) -> datetime:
    return MONDAY.replace(day=day, hour=hour, minute=0)
