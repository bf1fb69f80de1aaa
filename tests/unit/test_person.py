"""What a message says of its writer."""

from __future__ import annotations

import pytest

from mailbot.hiring.model import Address, Message, Person
from mailbot.hiring.person import person, spoken_name


def letter(text: str, name: str = "Иван Петров", *, sender: bool = True) -> Message:
    return Message(
        headers=(),
        sender=Address(name, "ivan@mail.ru") if sender else None,
        recipients=(),
        reply_to=(),
        subject="",
        text=text,
        html="",
        attachments=(),
        message_id="",
        in_reply_to=(),
        references=(),
        date=None,
        parts=(),
    )


def read(text: str, name: str = "Иван Петров") -> Person:
    return person(letter(text, name), text)


def test_everything_is_read_as_written() -> None:
    text = """Здравствуйте!

Город: Пермь.
Зарплатные ожидания: от 80 000 ₽
ИНН 590212345678
Тел. 8 (912) 345-67-89, он же +7 912 345 67 89, рабочий 8 342 212-34-56
Почта Ivan.Petrov@Yandex.ru, резюме https://hh.ru/resume/1a2b?from=x, портфолио behance.net/ivan и vk.com/ivan.
Телеграм: @ivan_petrov
"""
    assert read(text) == Person(
        name="Иван Петров",
        phones=("8 (912) 345-67-89", "8 342 212-34-56"),
        addresses=("ivan.petrov@yandex.ru",),
        telegram="@ivan_petrov",
        links=("https://hh.ru/resume/1a2b?from=x", "behance.net/ivan", "vk.com/ivan"),
        city="Пермь",
        pay="от 80 000 ₽",
    )


def test_a_message_that_says_nothing_gives_nothing() -> None:
    assert person(letter("", "", sender=False), "") == Person()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ('"Анна  Смирнова"', "", "Анна Смирнова"),
        ("ivan@mail.ru", "Привет\n\nС уважением,\nИван Петров\n+7 912", "Иван Петров"),
        ("", "Best regards, Anna-Maria de Vries", "Anna-Maria de Vries"),
        ("", "С уважением\n\nотдел кадров", ""),
        ("", "С уважением,", ""),
        ("", "С уважением, 12345", ""),
        ("", "Привет", ""),
    ],
)
def test_the_name_is_that_of_the_sender_else_of_the_signature(name: str, text: str, expected: str) -> None:
    assert read(text, name).name == expected


def test_the_signature_is_looked_for_in_the_whole_text_too() -> None:
    assert person(letter("Привет\n\nС уважением,\nИван", ""), "Привет").name == "Иван"
    assert person(letter("", ""), "Привет\n\nС уважением,\nИван").name == "Иван"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t.me/ivan_p", "@ivan_p"),
        ("https://t.me/ivan_p", "@ivan_p"),
        ("тг ivan_p", "@ivan_p"),
        ("Telegram - @ivan_p", "@ivan_p"),
        ("пишите @ivan_p", "@ivan_p"),
        ("ivan@mail.ru", ""),
        ("ничего", ""),
    ],
)
def test_telegram_is_read_in_its_usual_shapes(text: str, expected: str) -> None:
    assert read(text).telegram == expected


def test_a_telegram_link_is_no_other_link() -> None:
    assert read("https://t.me/ivan_p и https://github.com/ivan.").links == ("https://github.com/ivan",)


@pytest.mark.parametrize(
    ("text", "city", "pay"),
    [
        ("Город проживания - Пермь\nЗ/п: 60 т.р.", "Пермь", "60 т.р"),
        ("2. City: Perm\n3) Salary expectations: $1000", "Perm", "$1000"),
        ("Желаемая зарплата: 70000", "", "70000"),
        ("Люблю город Пермь: он красив", "", ""),
    ],
)
def test_city_and_pay_are_read_from_labelled_lines_alone(text: str, city: str, pay: str) -> None:
    assert (read(text).city, read(text).pay) == (city, pay)


@pytest.mark.parametrize(
    "name",
    ["Мария Петрова", "Петров, Иван", "И.И. Иванов", "Иванов И. И.", "Anna-Maria de Vries", "O'Neil", "Сергей Алексеевич Мамин-Сибиряк"],
)
def test_a_name_may_stand_in_a_greeting(name: str) -> None:
    assert spoken_name(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    [
        "Вы выиграли! http://evil.example",
        "evil.example",
        "x.ru ждёт",
        "Звоните 89001234567",
        "<b>Мария</b>",
        "a@b.ru",
        "а " * 31,
        "{{ 7 }}",
        "",
    ],
)
def test_other_words_in_the_place_of_a_name_are_not_spoken(name: str) -> None:
    assert spoken_name(name) == ""
