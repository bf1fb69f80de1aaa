"""A relay never leaks: design section 6."""

from __future__ import annotations

import pytest

from mailbot.hiring.relay import WRITE_ABOVE, leak

WORDS = "Здравствуйте! Хочу работать у вас аккаунт-менеджером.\nЖиву в Перми и готов выйти с понедельника."
NOTICE = f"""{WRITE_ABOVE["ru"]}

Новая заявка A-7F3K9: Иван Петров, «Аккаунт-менеджер»
Ответ нужен до четверга, 26 ноября, 19:00; потом письмо уйдёт на n@up-advert.ru и его прочтёт руководитель отдела, и это всем известно.
Короткая строка

> Здравствуйте! Хочу работать у вас аккаунт-менеджером.
> Живу в Перми и готов выйти с понедельника.
"""
FORBIDDEN = ("n@up-advert.ru", "anna@up-advert.ru", "")


def found(text: str) -> str:
    return leak(text, NOTICE, WORDS, FORBIDDEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Иван, добрый день! Ждём вас во вторник в 15:00.",
        "> Живу в Перми и готов выйти с понедельника.\nОтлично, ждём вас!",
        "Короткая строка",
        "Здравствуйте! Хочу работать у вас\nаккаунт-менеджером. — вы писали так.",
        "Пишите на job@up-advert.ru",
        "Давайте в четверг, 26 ноября",
        "Встреча состоится в понедельник, 30 ноября, в 11:00",
        "Модель mb1. Подходит",
    ],
)
def test_a_persons_own_words_go_through(text: str) -> None:
    assert found(text) == ""


@pytest.mark.parametrize("line", WRITE_ABOVE.values())
@pytest.mark.parametrize("quoting", ["{}", "> {}", ">> > {}", "АС> {}", "| {}", "*{}*", "{}".upper()])
def test_the_line_to_write_above_is_found_however_it_is_quoted(line: str, quoting: str) -> None:
    for shape in (
        line,
        line.upper(),
        line.strip("— "),
        line.replace(" ", "\n> "),
        line.replace("е", "ё"),
        line.replace(" ", "\u00a0\u200b"),
    ):
        assert "write above" in found("Добрый день!\n\n" + quoting.format(shape) + "\n> остальное")


@pytest.mark.parametrize(
    "text",
    [
        "Ответ на <mb1.abcdefghijklmnop.0123@up-advert.ru>",
        "mb1.abcdefghijklmnop.0123456789abcdef@up-advert.ru",
        "References: <MB1.ABCDEFGHIJKLMNOP.0123@up-advert.ru>",
        "> <mb1.abcdefghijk\n> lmnop.0123@up-advert.ru>",
        "mb1.abcdefghijklmnop.0123%40up-advert.ru",
        "<mb1.",
    ],
)
def test_a_token_is_found(text: str) -> None:
    assert "Message-ID of a notice" in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Пишите на n@up-advert.ru",
        "Копия: Anna <ANNA@UP-ADVERT.RU>",
        "mailto:anna%40up-advert.ru",
        "anna@up-\n> advert.ru",
        "anna+jobs@up-advert.ru",
        "an\u200bna@up-advert.ru",
        "anna\uff20up-advert.ru",
    ],
)
def test_an_internal_address_is_found(text: str) -> None:
    assert "internal address" in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ждём!\n> Новая заявка A-7F3K9: Иван Петров, «Аккаунт-менеджер»",
        "Новая заявка A 7F3K9\nИван Петров: АККАУНТ МЕНЕДЖЕР",
    ],
)
def test_a_line_of_the_notice_is_found(text: str) -> None:
    assert "holds a line of the notice" in found(text)


@pytest.mark.parametrize("mark", ["", "> ", "АС> ", ">> "])
def test_a_part_of_a_long_line_is_found_where_a_client_has_broken_it(mark: str) -> None:
    assert "part of a line" in found(f"Ждём!\n{mark}и его прочтёт руководитель отдела,\n{mark}и тут рука сбилась")


def test_a_notice_is_known_by_the_name_of_the_program_where_a_client_has_translated_it() -> None:
    notice = f"{NOTICE}\nПеревести на другой этап: mailbot move A-7F3K9 ЭТАП"
    assert "holds a line of the notice" in leak("Ждём!\n\nTo move it on: mailbot move A-7F3K9 STAGE", notice, WORDS, FORBIDDEN)
    assert leak("Мы пишем mailbot сами.", notice, "Что такое mailbot?", FORBIDDEN) == ""
    assert leak("Мы пишем mailbot сами.", NOTICE, WORDS, FORBIDDEN) == ""
