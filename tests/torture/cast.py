"""Who plays in the world of the state machine, and what is said to them and by them."""

from __future__ import annotations

from applicants import ANSWERS

from mailbot.errors import Temporary
from mailbot.mail.smtp import Outcome

#: Given names that stand in no other text, to be looked for in the log.
CANDIDATES = {"Зоя Кречетова": "zoya.krechetova@mail.ru", "Лев Чижиков": "lev@chizhikov.example"}
#: Answers whatever it gets, and sets no header that would say so.
ROBOT = "desk@gateway.example"
OUTSIDE = frozenset({*CANDIDATES.values(), ROBOT})
#: What only machines write, by what makes it known.
MACHINES = {
    "bounce": ("MAILER-DAEMON@mx.example", {"Auto-Submitted": "auto-replied"}),
    "list": ("digest@lists.example", {"List-Id": "<jobs.lists.example>"}),
    "no_reply": ("noreply@board.example", {}),
    "away": ("away@bureau.example", {"Auto-Submitted": "auto-replied"}),
    "bulk": ("sale@shop.example", {"Precedence": "bulk"}),
}
WITNESS = "job+outbox@up-advert.ru"

OPENINGS = ("Аккаунт-менеджер стажёр", "Аккаунт-менеджер")
REPLIES = (ANSWERS, "Здравствуйте! А какая у вас зарплата?", "Спасибо, отвечу завтра.", "Решение во вложении.")
STAFF_REPLIES = ("Здравствуйте! Напишем вам завтра.", "Зарплата — по договорённости.")

#: What the submission server may come to.
OUTCOMES = (
    Outcome("sent", 250, "2.0.0 taken"),
    Outcome("retry", 451, "4.7.1 greylisted"),
    Outcome("retry", None, "no answer"),
    Outcome("failed", 550, "5.1.1 no such user"),
    Outcome("unknown", None, "the connection broke"),
    Outcome("retry", 535, "5.7.8 bad login", account_fault=True),
    Outcome("retry", 450, "4.5.3 daily limit exceeded", limit=True),
)
#: What the mailbox may fail at.
COMMANDS = ("connect", "folders", "open", "headlines", "headlines_since", "fetch", "header", "find", "append", "noop")


class Stopped(BaseException):
    """The process is killed here."""


TROUBLES = (Stopped(), Temporary("the disk is full"))
