"""Which opening a letter names, and its language."""

from __future__ import annotations

import pytest

from mailbot.hiring.company import Assignment, Position
from mailbot.hiring.model import Language
from mailbot.hiring.positions import language, names_any, recognise

NONE = Assignment("", "")
TRAINEE = Position("trainee", "Аккаунт-менеджер стажёр", ("стажёр", "стажировка", "trainee", "account manager trainee"), (), NONE)
MANAGER = Position("manager", "Аккаунт-менеджер", ("аккаунт", "account manager", "—"), (), NONE)
OPENINGS = (TRAINEE, MANAGER)


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        ("Аккаунт-менеджер", "", "manager"),
        ("", "Хочу работать аккаунт-менеджером", "manager"),
        ("Отклик на вакансию АККАУНТ МЕНЕДЖЕРА", "", "manager"),
        ("аккаунтменеджер", "", "manager"),
        ("аккаунт–менеджер", "", "manager"),
        ("аккаунт\u00a0менеджер", "", "manager"),
        ("Аккаунт-менеджер стажёр", "", "trainee"),
        ("Аккаунт-менеджер стажер", "", "trainee"),
        ("Аккаунт-менеджер (стажёр)", "", "trainee"),
        ("Стажёр аккаунт-менеджера", "", "trainee"),
        ("", "на вакансию аккаунт-менеджера\nстажёра", "trainee"),
        ("", "Ищу стажировку", "trainee"),
        ("Account managers", "", "manager"),
        ("Account Manager Trainee", "", "trainee"),
        ("Вакансия", "Готов на обе: аккаунт-менеджер и стажёр", None),
        ("Стажёр", "Мне подходит и аккаунт-менеджер", None),
        ("Аккаунт-менеджер, стажёр", "", None),
        ("Вакансия", "Здравствуйте!", None),
        ("", "Мой https://hh.ru/account manager-сайт", None),
        ("", "Пишите на trainee@mail.ru", None),
        ("", "аккаунтинг, стажевать, strainee", None),
    ],
)
def test_the_longest_name_wins_and_two_names_are_none(subject: str, text: str, expected: str | None) -> None:
    found = recognise(OPENINGS, subject, text)
    assert (found.id if found else None) == expected


def test_names_of_attachments_count_only_where_the_letter_names_nothing() -> None:
    assert recognise(OPENINGS, "Резюме", "", ("Иванов_стажёр.pdf",)) is TRAINEE
    assert recognise(OPENINGS, "Аккаунт-менеджер", "", ("Иванов_стажёр.pdf",)) is MANAGER
    assert recognise(OPENINGS, "", "", ("аккаунт.pdf", "стажёр.pdf")) is None


def test_a_keyword_of_many_words_is_looked_for_as_it_stands() -> None:
    position = Position("x", "Менеджер по работе с новыми клиентами", (), (), NONE)
    assert recognise((position,), "менеджера по работе с новыми клиентами", "") is position
    assert recognise((position,), "клиентами новыми по работе с менеджер", "") is None


def test_a_letter_that_names_two_openings_names_some() -> None:
    assert names_any(OPENINGS, "стажёр", "или аккаунт-менеджер")
    assert not names_any(OPENINGS, "Привет", "как дела")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Здравствуйте, высылаю резюме", "ru"),
        ("Hello, here is my CV. Regards, Иван Петров", "en"),
        ("Здравствуйте! Работал с Google Ads, VK Ads, myTarget; знаю CRM и Excel", "ru"),
        ("Привет https://linkedin.com/in/ivan-petrov-account-manager ivan.petrov@example.com", "ru"),
        ("", "ru"),
        ("123 https://example.com", "ru"),
    ],
)
def test_the_language_is_that_of_the_words(text: str, expected: Language) -> None:
    assert language(text) == expected


def test_without_words_the_default_language_is_taken() -> None:
    assert language("+7 912 345-67-89", "en") == "en"
