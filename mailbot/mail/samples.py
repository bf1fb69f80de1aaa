"""Sample facts for every template: what `mailbot preview` shows, and what `mailbot check` and the tests fill in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from mailbot.hiring.actions import Fact
from mailbot.hiring.model import Language

_ARRIVED = datetime(2026, 11, 23, 10, 4, tzinfo=UTC)
_DUE = datetime(2026, 11, 26, 14, 0, tzinfo=UTC)
_DEADLINE = date(2026, 11, 30)

_POSITIONS: dict[Language, tuple[str, ...]] = {
    "ru": ("Аккаунт-менеджер стажёр", "Аккаунт-менеджер"),
    "en": ("Account manager, trainee", "Account manager"),
}
_QUESTIONS: dict[Language, tuple[tuple[str, str], ...]] = {
    "ru": (
        ("Почему вам интересна работа с клиентами?", "Люблю разбираться, что человеку нужно на самом деле."),
        ("Какой проект вы вели и что в нём получилось?", "Полгода вела рекламу кофейни: заявок стало втрое больше."),
        ("Когда вы готовы выйти на работу?", ""),
    ),
    "en": (
        ("Why would you like to work with clients?", "I enjoy finding out what a person really needs."),
        ("Which project have you run, and what came of it?", "Six months of advertising for a café: three times the orders."),
        ("When could you start?", ""),
    ),
}
_LETTER: dict[Language, tuple[str, str, str]] = {
    "ru": (
        "Мария Иванова",
        "Отклик на вакансию",
        "Добрый день!\n\nПишу по вакансии аккаунт-менеджера, резюме приложено.\n"
        "Подскажите, пожалуйста, возможна ли работа из дома?\n\nМария",
    ),
    "en": (
        "Maria Ivanova",
        "Application",
        "Good afternoon,\n\nI am writing about the opening for an account manager; my CV is attached.\n"
        "Could you tell me whether one can work from home?\n\nMaria",
    ),
}
_ASSIGNMENT: dict[Language, str] = {
    "ru": "Представьте, что к нам пришла сеть кофеен. Напишите клиенту письмо с тремя вопросами и коротким планом первого месяца.",
    "en": "Imagine that a chain of coffee shops has come to us. Write the client a letter with three questions and a short plan.",
}
_REASON: dict[Language, str] = {"ru": "в тексте осталась строка уведомления", "en": "the text still holds a line of the notice"}
_EMPTY_CASE: Mapping[str, Fact] = {
    "candidate": {"name": "", "addresses": ("maria@example.ru",)},
    "recruiters": (),
    "due": None,
    "since": None,
    "waited_hours": 0,
    "letter": None,
    "answers": (),
}
_COMPANY = frozenset({"company", "office"})
_CASE = frozenset({"reference", "position", "stage", "candidate"})
_ABOUT_A_CASE = frozenset({"because", "due", "since", "waited_hours", "letter", "answers", "new", "waits", "unconfirmed"})
_STAGE_LETTER = frozenset({"questions", "positions", "deadline", "assignment"})
_OF_TEMPLATE: dict[str, frozenset[str]] = {
    "missing_questions": frozenset({"questions", "deadline"}),
    "received": frozenset({"promise", "what"}),
    "withdrawn": frozenset(),
    "erasure": frozenset(),
    "reminder": frozenset({"deadline"}),
    "notice": _ABOUT_A_CASE,
    "hint": _ABOUT_A_CASE,
    "escalation": _ABOUT_A_CASE | {"recruiters"},
    "expired": _ABOUT_A_CASE,
    "answered": frozenset({"first"}),
    "returned": frozenset({"reason", "text"}),
    "refused": frozenset({"reason", "letter"}),
    "undelivered": frozenset({"address", "purpose", "reason"}),
    "held": frozenset({"address", "purpose", "reason"}),
    "alarm": frozenset({"reason"}),
    "office_notice": frozenset({"kind", "because", "letter"}),
    "escalations": frozenset({"waiting"}),
    "digest": frozenset({"cases", "silent", "unanswered_machines", "junk", "day"}),
}
#: These speak of the office, not of one application.
_WITHOUT_CASE = frozenset({"digest", "alarm", "escalations"})
_TO_STAFF = frozenset({"recruiter", "line", "because"})
#: The templates that staff read; all others, those of the company's own stages too, go to candidates.
STAFF_TEMPLATES = frozenset(
    {"notice", "hint", "escalation", "expired", "answered", "returned", "refused", "undelivered"}
    | {"held", "alarm", "office_notice", "digest", "escalations"}
)
#: What the process sends whatever the stages are; theirs come on top.
NEEDED = STAFF_TEMPLATES | {"position", "missing_questions", "received", "erasure", "reminder"}


def full(template: str, language: Language) -> Mapping[str, Fact]:
    """Every fact that the template is given, all of them filled. A template unknown here is one of a stage."""
    facts = _everything(language)
    return {name: facts[name] for name in _names(template)}


def sparse(template: str, language: Language) -> Mapping[str, Fact]:
    """The same facts, with everything empty that may be empty."""
    empty: dict[str, Fact] = {
        "company": {"name": "Up Advert", "signature": "", "privacy_url": "", "job": "job@example.ru"},
        "position": "",
        "candidate": {"name": "", "addresses": ("maria@example.ru",)},
        "recruiter": {"name": ""},
        "because": "",
        "questions": (),
        "answers": (),
        "deadline": None,
        "assignment": "",
        "promise": None,
        "what": "letter",
        "due": None,
        "since": None,
        "waited_hours": 0,
        "letter": None,
        "new": False,
        "waits": False,
        "unconfirmed": False,
        "recruiters": (),
        "cases": (),
        "silent": (),
        "waiting": (_waiting(language, "A-7F3K9", "") | dict(_EMPTY_CASE),),
        "unanswered_machines": 0,
        "junk": 0,
    }
    facts = _everything(language) | empty
    if template == "office_notice":
        facts |= {"reference": "", "stage": "", "candidate": {"name": "", "addresses": ()}, "letter": _bare_letter()}
    return {name: facts[name] for name in _names(template)}


def _names(template: str) -> frozenset[str]:
    case = frozenset() if template in _WITHOUT_CASE else _CASE
    if template in STAFF_TEMPLATES:
        return _COMPANY | case | _TO_STAFF | _OF_TEMPLATE[template]
    return _COMPANY | case | _OF_TEMPLATE.get(template, _STAGE_LETTER)


def _everything(language: Language) -> dict[str, Fact]:
    russian = language == "ru"
    position, name = _POSITIONS[language][1], _LETTER[language][0]
    recruiter = "Ольга Петрова" if russian else "Olga Petrova"
    stage = "Вопросы" if russian else "Questions"
    case: dict[str, Fact] = {
        "reference": "A-7F3K9",
        "position": position,
        "name": name,
        "since": _ARRIVED,
        "due": _DUE,
        "stage": stage,
        "recruiter": recruiter,
    }
    return {
        "company": {
            "name": "Up Advert",
            "signature": "С уважением,\nкоманда Up Advert" if russian else "Kind regards,\nthe Up Advert team",
            "privacy_url": "https://example.ru/privacy",
            "job": "job@example.ru",
        },
        "office": {"opens": time(10), "closes": time(19)},
        "reference": "A-7F3K9",
        "position": position,
        "stage": stage,
        "candidate": {"name": name, "addresses": ("maria@example.ru", "m.ivanova@example.com")},
        "questions": tuple(
            {"number": number, "text": text, "required": number != 2} for number, (text, _) in enumerate(_QUESTIONS[language], start=1)
        ),
        "positions": _POSITIONS[language],
        "deadline": _DEADLINE,
        "assignment": _ASSIGNMENT[language],
        "promise": _DUE.date(),
        "what": "solution",
        "recruiter": {"name": recruiter},
        "line": "——— Пишите ответ выше этой строки ———" if russian else "——— Please write your answer above this line ———",
        "because": "письмо спрашивает нас о чём-то" if russian else "the letter asks us something",
        "due": _DUE,
        "since": _ARRIVED,
        "waited_hours": 21,
        "letter": _letter(language),
        "answers": _answers(language),
        "new": True,
        "waits": True,
        "unconfirmed": True,
        "recruiters": (recruiter,),
        "first": {"name": recruiter, "at": _ARRIVED},
        "reason": _REASON[language],
        "text": "Мария, да, два дня в неделю." if russian else "Maria, yes, two days a week.",
        "address": "maria@example.ru",
        "purpose": "questions",
        "kind": "list",
        "cases": (case, {**case, "reference": "A-2XQ0M", "name": "", "position": "", "recruiter": "n@example.ru"}),
        "silent": ({**case, "reference": "A-9D4TB", "due": None},),
        "unanswered_machines": 5,
        "junk": 3,
        "day": _DUE.date(),
        "waiting": tuple(_waiting(language, reference, position) for reference in ("A-7F3K9", "A-2XQ0M")),
    }


def _letter(language: Language) -> Mapping[str, Fact]:
    name, subject, text = _LETTER[language]
    return {
        "from": {"name": name, "address": "maria@example.ru"},
        "subject": subject,
        "text": text,
        "at": _ARRIVED,
        "attachments": (
            {"name": "Резюме.pdf", "type": "application/pdf", "size": 184_320, "verdict": "text", "because": ""},
            {
                "name": "Портфолио.docm",
                "type": "application/vnd.ms-word.document.macroenabled.12",
                "size": 2_340_000,
                "verdict": "withheld",
                "because": "a document with macros",
            },
        ),
    }


def _waiting(language: Language, reference: str, position: str) -> dict[str, Fact]:
    name, _, _ = _LETTER[language]
    return {
        "reference": reference,
        "position": position,
        "stage": "Вопросы" if language == "ru" else "Questions",
        "candidate": {"name": name, "addresses": ("maria@example.ru",)},
        "recruiters": ("Ольга Петрова" if language == "ru" else "Olga Petrova",),
        "due": _DUE,
        "since": _ARRIVED,
        "waited_hours": 71,
        "letter": _letter(language),
        "answers": _answers(language),
    }


def _answers(language: Language) -> tuple[Mapping[str, Fact], ...]:
    return tuple(
        {"number": number, "question": question, "answer": answer, "state": "answered" if answer else "missing"}
        for number, (question, answer) in enumerate(_QUESTIONS[language], start=1)
    )


def _bare_letter() -> Mapping[str, Fact]:
    return {"from": {"name": "", "address": ""}, "subject": "", "text": "", "at": _ARRIVED, "attachments": ()}
