"""Who writes to the mailbox of a soak: applicants and recruiters, who answer what they get, machines, strangers, and one who poisons."""

from __future__ import annotations

import email.message
import email.policy
import random
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from applicants import A_FILE, ANSWERS, LETTER, SOLUTION, SUBJECT
from clients import plain
from office import JOB, RECRUITER, Office
from smtp_sink import Transaction

#: So many of a hundred letters that answer nothing of ours.
_APPLY, _MACHINES, _LISTS, _COPIES = 35, 25, 10, 5
#: Of a hundred messages of ours, so many are answered.
_ANSWERED = 70
_NOTICES_ANSWERED = 10
#: Its header is longer than a reader takes.
_POISON = "".join(f"X-Filler-{line}: {'x' * 900}\r\n" for line in range(400)).encode()


class People:
    """They read what the submission server has taken, and write."""

    def __init__(self, office: Office, chance: random.Random) -> None:
        self.office, self.chance = office, chance
        #: Message-IDs of all letters, and those of the poisoned ones.
        self.written: set[str] = set()
        self.poison: set[str] = set()
        self.copies = 0
        self._answers: deque[EmailMessage] = deque()
        self._asked: set[str] = set()
        self._late: deque[bytes] = deque(maxlen=200)
        self._number = 0

    def read(self, taken: tuple[Transaction, ...]) -> None:
        """Think of an answer to what has newly come; some think of none."""
        for transaction in taken:
            message = email.message_from_bytes(transaction.data, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            if transaction.rcpt == (RECRUITER,):
                # "[A-7F3K9] …": the held ones ask something else.
                if message["Subject"].startswith("[") and "задержано" not in message["Subject"] and self._happens(_NOTICES_ANSWERED):
                    self._answers.append(self._letter(RECRUITER, plain(message, f"Здравствуйте! Спасибо, ответ {self._number}."), message))
            elif any(part.get_filename() for part in message.iter_attachments()):
                if self._happens(_ANSWERED):
                    answer = self._letter(transaction.rcpt[0], SOLUTION, message)
                    answer.add_attachment(A_FILE[1][:3000], maintype="application", subtype="pdf", filename=A_FILE[0])
                    self._answers.append(answer)
            elif transaction.rcpt[0] not in self._asked and message["Auto-Submitted"]:
                self._asked.add(transaction.rcpt[0])
                if self._happens(_ANSWERED):
                    self._answers.append(self._letter(transaction.rcpt[0], ANSWERS, message))

    def write(self, count: int, now: datetime) -> Iterator[bytes]:
        """Yield so many letters, of which as many as there are answer something."""
        for number in range(count):
            if self._late and self._happens(_COPIES):
                self.copies += 1
                yield self.chance.choice(self._late)
                continue
            letter = self._answers.popleft() if self._answers and number % 2 else self._first()
            letter["Date"] = format_datetime(now)
            self.written.add(letter["Message-ID"])
            raw = letter.as_bytes(policy=email.policy.SMTP)
            if letter["X-Poison"]:
                self.poison.add(letter["Message-ID"])
                raw = _POISON + raw
            self._late.append(raw)
            yield raw

    def _first(self) -> EmailMessage:
        what = self.chance.randrange(100)
        if what < _APPLY:
            return self._letter(self._somebody(), LETTER.replace("Мария Петрова", f"Мария Петрова {self._number}"), subject=SUBJECT)
        letter = self._letter(self._somebody(), f"Здравствуйте! Это сообщение {self._number}.\n", subject=f"Сообщение {self._number}")
        if what < _APPLY + _MACHINES:
            letter["Auto-Submitted"] = "auto-replied"
        elif what < _APPLY + _MACHINES + _LISTS:
            letter["List-Id"] = "<news.example>"
        elif self._number % 400 == 0:
            letter["X-Poison"] = "yes"
        return letter

    def _somebody(self) -> str:
        return f"person{self._number}@domain{self._number % 97}.example"

    def _letter(self, sender: str, text: str, answered: EmailMessage | None = None, subject: str = "") -> EmailMessage:
        self._number += 1
        letter = EmailMessage()
        letter["From"], letter["To"] = sender, JOB
        letter["Message-ID"] = f"<soak.{self._number}@people.example>"
        letter["Subject"] = f"Re: {answered['Subject']}" if answered else subject
        if answered:
            letter["In-Reply-To"] = answered["Message-ID"]
            letter["References"] = f"{answered['References'] or ''} {answered['Message-ID']}".strip()
        letter.set_content(text)
        return letter

    def _happens(self, percent: int) -> bool:
        return self.chance.randrange(100) < percent


def person_in_the_mailbox(office: Office, settled: list[int], chance: random.Random) -> None:
    """Somebody flags letters that were taken in, and moves some to the archive and to the junk."""
    moved = chance.sample(settled, min(2, len(settled)))
    with office.imap.login(office.user) as session:
        session.select("INBOX")
        session.uid("STORE", ",".join(map(str, chance.sample(settled, min(5, len(settled))))), "+FLAGS", r"(\Seen \Flagged)")
        for uid, folder in zip(moved, ("Archive", "Junk"), strict=False):
            session.uid("MOVE", str(uid), folder)
