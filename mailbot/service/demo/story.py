"""The story of the demo: who writes what and when, and how it has to end. What happens between is mailbot's doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from mailbot.hiring.model import WaitsFor
from mailbot.service.demo.letters import Writer
from mailbot.service.demo.papers import Paper, docx, pdf

JOB, ESCALATION = "job@up-advert.ru", "n@up-advert.ru"
_PERM = ZoneInfo("Asia/Yekaterinburg")

DARYA = Writer("Дарья Соколова", "dasha.sokolova@gmail.com", "Gmail")
IGOR = Writer("Игорь Лебедев", "lebedev@perm-media.example", "Outlook", "koi8-r")
NASTYA = Writer("Анастасия Юдина", "a.yudina@yandex.ru", "Yandex")
EMILY = Writer("Emily Carter", "emily.carter@icloud.com", "Apple Mail")
TIMUR = Writer("Тимур Галиев", "timur.galiev@mail.ru", "iPhone")
RECRUITER = Writer("Мария Иванова", "m.ivanova@up-advert.ru", "Gmail")
SHARED = Writer("АП-Адверт", JOB, "Apple Mail")


def _on(day: int, hour: int, minute: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=_PERM)


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody does something at a moment of office time. What is answered is what the servers really hold then."""

    at: datetime
    writer: Writer
    text: str = ""
    #: Of a first letter; a reply takes that of the letter it answers.
    subject: str = ""
    #: "" writes first; "us": answers the newest letter from job@; "notice": a recruiter answers the notice about `about`;
    #: "candidate": a person answers the newest letter of `about` from the shared mailbox;
    #: "again": the writer's newest letter comes once more.
    answers: str = ""
    about: Writer | None = None
    #: Answers by the number of the question.
    numbered: Mapping[int, str] = field(default_factory=dict)
    between: bool = False
    files: tuple[Paper, ...] = ()
    absence: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How one application has to stand in the end, and what its candidate must have got, by the purpose of each message."""

    candidate: Writer
    position: str
    stage: str
    waits_for: WaitsFor
    letters: tuple[str, ...]
    hinted: bool = False
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the demo plays and what has to come of it."""

    starts: datetime
    ends: datetime
    acts: tuple[Act, ...]
    endings: tuple[Ending, ...]
    #: Verdicts on letters that nobody was to answer, by kind.
    unanswered: Mapping[str, int]
    #: What the staff must have got, and nothing else: address -> purpose -> how often.
    staff: Mapping[str, Mapping[str, int]]


STORY = Story(
    starts=_on(23, 10, 5),
    ends=_on(1, 10, 10, month=12),
    acts=(
        Act(
            _on(23, 10, 7),
            DARYA,
            "Здравствуйте!\n\nОткликаюсь на вакансию «Аккаунт-менеджер стажёр». Заканчиваю ПГНИУ, веду группу студенческого театра, "
            "очень хочу в рекламу. Резюме прикладываю.\n\nДарья Соколова\n+7 912 345-67-89",
            "Отклик: аккаунт-менеджер стажёр",
            files=(pdf("Sokolova_CV.pdf", ["Darya Sokolova", "Perm, 2026", "Account manager trainee", "Perm State University"]),),
        ),
        Act(
            _on(23, 10, 31),
            IGOR,
            "Добрый день.\n\nПрошу рассмотреть мою кандидатуру на вакансию аккаунт-менеджера. Пять лет веду клиентов в наружной рекламе. "
            "Резюме во вложении.\n\nС уважением,\nИгорь Лебедев",
            "Вакансия аккаунт-менеджера",
            files=(docx("Лебедев_резюме.docx", ["Игорь Лебедев", "Аккаунт-менеджер, Пермь", "2021–2026: «Пермь Медиа»"]),),
        ),
        Act(
            _on(23, 10, 33),
            IGOR,
            "Я в отпуске до 24 ноября и отвечу на ваше письмо, когда вернусь.",
            answers="us",
            absence=True,
        ),
        Act(
            _on(23, 11, 15),
            NASTYA,
            "Здравствуйте! Увидела вакансию стажёра в вашем агентстве. Учусь на третьем курсе, готова работать по 25 часов в неделю.\n\n"
            "Анастасия Юдина",
            "Вакансия стажёра",
        ),
        Act(_on(23, 11, 17), NASTYA, answers="again"),
        Act(
            _on(23, 12, 40),
            EMILY,
            "Hello,\n\nI would like to apply for the Account Manager position. I have spent six years with agencies in Leeds and Perm, and "
            "my Russian is fluent.\n\nKind regards,\nEmily Carter",
            "Application: Account Manager",
        ),
        Act(
            _on(23, 21, 48),
            TIMUR,
            "Добрый вечер! Хочу к вам стажёром, резюме пришлю с компьютера.\n\nТимур Галиев",
            "Стажировка",
        ),
        Act(
            _on(24, 11, 20),
            DARYA,
            "Здравствуйте! Отвечаю по порядку:",
            answers="us",
            numbered={
                1: "Мне нравится, когда разговор с человеком превращается в понятную задачу.",
                2: "Два года собирала афиши и спонсоров для студенческого театра.",
                3: "30 часов в неделю, учусь на последнем курсе, могу начать с 1 декабря.",
                4: "Таблицы и презентации уверенно, Figma немного.",
                5: "От 35 тысяч во время стажировки.",
            },
        ),
        Act(
            _on(24, 12, 5),
            IGOR,
            answers="us",
            between=True,
            numbered={
                1: "Пять лет; сеть аптек и застройщик, до полутора миллионов в месяц.",
                2: "Запуск жилого комплекса: 40 щитов и радио, продажи первой очереди за четыре месяца.",
                3: "Заказчик ждал макеты на день раньше. Приехал к нему, показал черновики, договорились о новом графике.",
                4: "Яндекс Директ, наружная реклама, Метрика, Битрикс24.",
                5: "С 14 декабря, в офисе.",
                6: "От 90 тысяч.",
            },
        ),
        Act(
            _on(24, 14, 10),
            EMILY,
            "Thank you! Before I answer: could I work from home two days a week?\n\nEmily",
            answers="us",
        ),
        Act(
            _on(24, 15, 30),
            SHARED,
            "Dear Emily,\n\nYes, two days from home are fine after the first month. I look forward to your answers.\n\nMaria Ivanova",
            answers="candidate",
            about=EMILY,
        ),
        Act(
            _on(24, 23, 5),
            TIMUR,
            answers="us",
            numbered={
                1: "Люблю рекламу и людей, хочу учиться у вас.",
                2: "Подрабатывал в кофейне и собирал команду на хакатон.",
                4: "Таблицы, Canva, Telegram Ads.",
            },
        ),
        Act(
            _on(25, 8, 15),
            TIMUR,
            answers="us",
            numbered={3: "Могу 30 часов в неделю, не учусь, начать готов сразу."},
        ),
        Act(
            _on(25, 15, 0),
            DARYA,
            "Здравствуйте! Решение тестового задания во вложении.\n\nДарья",
            answers="us",
            files=(docx("Решение_Соколова.docx", ["Письмо клиенту", "Медиаплан", "Ответ на непростое письмо"]),),
        ),
        Act(
            _on(25, 16, 20),
            IGOR,
            "Добрый день. Отправляю решение.\n\nС уважением,\nИгорь Лебедев",
            answers="us",
            files=(pdf("Lebedev_media_plan.pdf", ["Media plan, December 2026", "Outdoor 40 %, search 35 %, radio 25 %"]),),
        ),
        Act(
            _on(25, 17, 5),
            RECRUITER,
            "Дарья, спасибо, решение нам очень понравилось! Приходите на собеседование в пятницу в 12:00, Пермь, офис на Ленина.",
            answers="notice",
            about=DARYA,
        ),
    ),
    endings=(
        Ending(DARYA, "trainee", "review", "candidate", ("questions", "test", "received", "relay")),
        Ending(IGOR, "manager", "review", "staff", ("questions", "test", "received"), hinted=True, escalated=True),
        Ending(NASTYA, "trainee", "silent", "nobody", ("questions", "reminder")),
        Ending(EMILY, "manager", "questions", "candidate", ("questions", "received", "reminder")),
        Ending(TIMUR, "trainee", "test", "candidate", ("questions", "missing_questions", "test", "reminder")),
    ),
    unanswered={"auto_reply": 1, "duplicate": 1},
    staff={RECRUITER.address: {"notice": 8, "hint": 1, "digest": 2}, ESCALATION: {"escalation": 1, "digest": 1}},
)
