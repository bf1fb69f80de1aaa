"""What candidates write, and an application brought to each of its steps by passes of the real process."""

from __future__ import annotations

from email.message import EmailMessage

from office import CANDIDATE, ROOT, Office

SUBJECT = "Отклик на вакансию «Аккаунт-менеджер стажёр»"
LETTER = """Здравствуйте!

Увидела вашу вакансию и хочу у вас работать: люблю договариваться с людьми.

Мария Петрова
+7 912 345-67-89
"""
#: The required questions of `trainee` are the first four.
ANSWERS = """Добрый день!

1. Мне нравится, когда два человека договорились и оба довольны.
2. Организовала благотворительную ярмарку в университете, 40 участников.
3. 30 часов в неделю, учусь на четвёртом курсе, могу начать с декабря.
4. Excel и презентации уверенно, Figma немного.

С уважением,
Мария
"""
SOLUTION = "Здравствуйте! Решение во вложении."
A_FILE = ("решение.pdf", (ROOT / "templates/assignments/manager.pdf").read_bytes())


def asked(office: Office, sender: str = f"Мария Петрова <{CANDIDATE}>") -> EmailMessage:
    """A first letter, and a pass: returns the questions that went out."""
    office.letter(SUBJECT, LETTER, sender=sender)
    office.pass_time(minutes=1)
    office.once()
    return office.sent_to(_address(sender))[-1]


def assigned(office: Office) -> EmailMessage:
    """Asked, all answered, and a pass: returns the test assignment that went out."""
    office.letter(f"Re: {SUBJECT}", ANSWERS, answers=asked(office))
    office.pass_time(minutes=1)
    office.once()
    return office.sent_to(CANDIDATE)[-1]


def in_review(office: Office) -> EmailMessage:
    """Assigned, the solution handed in, and a pass: returns the notice that asks the recruiter to look at it."""
    office.letter(f"Re: {SUBJECT}", SOLUTION, answers=assigned(office), attach=A_FILE)
    office.pass_time(minutes=1)
    office.once()
    return office.sent()[-1]


def _address(sender: str) -> str:
    return sender.rpartition("<")[2].strip(">")
