"""Which question does which part of a reply answer, as people really write."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.hiring.answers import read_answers
from mailbot.hiring.model import AskedQuestion, Exchange, QuestionState, Reply

EXPERIENCE = "Какой у вас опыт работы с клиентами?"
CITY = "В каком городе вы живёте?"
START = "Когда вы готовы начать?"


def asked(*texts: str, states: tuple[QuestionState, ...] = (), required: tuple[bool, ...] = ()) -> tuple[AskedQuestion, ...]:
    return tuple(
        AskedQuestion("abcdefgh"[n], text, required[n] if required else True, states[n] if states else "asked")
        for n, text in enumerate(texts)
    )


THREE = asked(EXPERIENCE, CITY, START)
TWO = asked(EXPERIENCE, CITY)
ONE = asked(CITY)


def read(text: str, questions: tuple[AskedQuestion, ...] = THREE, *exchanges: tuple[str, str]) -> dict[str, str]:
    reply = Reply(text, tuple(quote for quote, _ in exchanges), tuple(Exchange(*exchange) for exchange in exchanges))
    return {answer.question: answer.text for answer in read_answers(questions, reply)}


@pytest.mark.parametrize(
    "text",
    [
        "1. да\n2. нет\n3. завтра",
        "1) да\n2) нет\n3) завтра",
        "(1) да\n(2) нет\n(3) завтра",
        "1 - да\n2 - нет\n3 - завтра",
        "1 — да\n2 — нет\n3 — завтра",
        "1-да\n2-нет\n3-завтра",
        "1: да\n2: нет\n3: завтра",
        "1.да\n2.нет\n3.завтра",
        "№1 да\n№2 нет\n№3 завтра",
        "№ 1. да\n№ 2. нет\n№ 3. завтра",
        "#1 да\n#2 нет\n#3 завтра",
        "1\ufe0f\u20e3 да\n2\ufe0f\u20e3 нет\n3\ufe0f\u20e3 завтра",
        "Вопрос 1: да\nВопрос 2: нет\nВопрос 3: завтра",
        "Ответ №1 - да\nОтвет №2 - нет\nОтвет №3 - завтра",
        "Question 1. да\nQuestion 2. нет\nQuestion 3. завтра",
        "* 1. да\n* 2. нет\n* 3. завтра",
        "1.\nда\n\n2.\nнет\n\n3.\nзавтра\n",
        "1. да\n2) нет\n3 - завтра",
        "1. да 2. нет 3. завтра",
        "1) да, 2) нет, 3) завтра".replace(",", ";"),
        "1-да; 2-нет; 3-завтра",
        "1: да; 2: нет; 3: завтра",
        "№1 да №2 нет №3 завтра",
        "Здравствуйте! 1. да 2. нет 3. завтра",
        "Здравствуйте, Анна!\n\nОтвечаю на ваши вопросы:\n1. да\n2. нет\n3. завтра",
        "Мои ответы:\n1. да\n2. нет\n3. завтра",
        "My answers:\n1. да\n2. нет\n3. завтра",
        "1. да\r\n2. нет\r\n3. завтра\r\n",
        "1. Какой у вас опыт работы с клиентами? да\n2. В каком городе вы живете? — нет\n3. Когда вы готовы начать?\nзавтра",
        "Какой у вас опыт работы с клиентами?\nда\n\nВ каком городе вы живёте?\nнет\n\nКогда вы готовы начать?\nзавтра",
        "- Какой у вас опыт\n работы с клиентами? - да\n- В каком городе вы живёте? - нет\n- Когда вы готовы начать? - завтра",
        "Какой у вас опыт работы с клиентами?\nда\n2. В каком городе вы живёте?\nнет\n3.\nКогда вы готовы начать?\nзавтра",
    ],
)
def test_numbers_are_understood_in_every_usual_shape(text: str) -> None:
    assert read(text) == {"a": "да", "b": "нет", "c": "завтра"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. Да\n2. полгода\n3. 23.11.2026", {"a": "Да", "b": "полгода", "c": "23.11.2026"}),
        ("1. 3 года\n2. Пермь, 614000\n3. с 1 декабря", {"a": "3 года", "b": "Пермь, 614000", "c": "с 1 декабря"}),
        ("1) +\n2) +7 912 345-67-89\n3) 2 недели", {"a": "+", "b": "+7 912 345-67-89", "c": "2 недели"}),
        ("1)5 лет\n2)Пермь\n3)10:00", {"a": "5 лет", "b": "Пермь", "c": "10:00"}),
        ("1 - 5 лет\n2 - Пермь\n3 - 2 недели", {"a": "5 лет", "b": "Пермь", "c": "2 недели"}),
        ("1: 5 лет\n2: Пермь\n3: 01.12", {"a": "5 лет", "b": "Пермь", "c": "01.12"}),
        ("1. Да, вёл:\n- банк\n- кафе\n\nИ ещё сайт.\n2. Пермь", {"a": "Да, вёл:\n- банк\n- кафе\n\nИ ещё сайт.", "b": "Пермь"}),
        ("1. Вёл:\n1) банк\n2) кафе\n2. Пермь\n3. завтра", {"a": "Вёл:\n1) банк\n2) кафе", "b": "Пермь", "c": "завтра"}),
        ("1. да\n2. Пермь\n3. Могу так:\n1. сегодня\n2. завтра", {"a": "да", "b": "Пермь", "c": "Могу так:\n1. сегодня\n2. завтра"}),
        ("1. Оборот 2. Могу подтвердить\n2. Пермь", {"a": "Оборот 2. Могу подтвердить", "b": "Пермь"}),
        ("1. Лет опыта: 2. Работал в банке", {"a": "Лет опыта: 2. Работал в банке"}),
        ("2. Пермь", {"b": "Пермь"}),
        ("3. завтра, остальное пришлю позже", {}),
        ("1. Три года\n2. Отвечу завтра\n3. Пока не знаю", {"a": "Три года", "c": "Пока не знаю"}),
        ("1. Пять лет\n2.\n3. -", {"a": "Пять лет"}),
        ("1. Пять лет\n2. \n3.\n\nС уважением,\nИван Петров", {"a": "Пять лет"}),
        ("1. Пять лет. А у вас есть CRM?\n2. А где офис?", {"a": "Пять лет. А у вас есть CRM?"}),
        ("Какой у вас опыт работы с клиентами?\nВ каком городе вы живёте?\nПермь", {"b": "Пермь"}),
    ],
)
def test_answers_with_numbers_lists_and_gaps_are_read(text: str, expected: dict[str, str]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Спасибо, отвечу завтра",
        "Спасибо! 1. Отвечу завтра",
        "Три года, Пермь, с понедельника",
        "А какая зарплата?",
        "1. А какая зарплата?\n2. Какой график?\n3. Где офис?",
        "У меня тоже вопросы:\n1. Зарплата\n2. График\n3. Офис",
        "Мой опыт:\n1. Банк\n2. Кафе\n3. Сайт",
        "Мой опыт:\n\n1. Банк\n2. Кафе\n3. Сайт",
        "1. Банк\n2. Кафе\n3. Сайт\n4. Завод",
        "0. Вводное\n1. Банк",
        "23.11.2026 смогу\n10:30 удобно\n3-5 лет\n2,5 года\n1.5 ставки",
        "+7 912 345-67-89\n8 800 555-35-35",
        "2 ноября приеду",
        "100. Сто",
        EXPERIENCE + "\n" + CITY + "\n" + START,
    ],
)
def test_what_answers_nothing_is_no_answer(text: str) -> None:
    assert read(text) == {}


@pytest.mark.parametrize(
    "text",
    [
        "1. Три года",
        "1. да\n2. Опыт:\n3 - 5 лет",
        "1. да\n2. нет\n3.11.2026 могу выйти",
        "1. да\n2. нет\n3.5 года опыта",
        "1. Опыт:\n1. Банк\n2. Кафе\n3. Сайт",
        "1. да\n2. нет\n3. А что за отдел?",
        "1. да\n2. нет\n3. отвечу в пятницу",
        "1. да\n3. завтра",
        "1. да 2. нет",
        "2. нет\n1. да",
        "1. да\n2. нет\n2. всё же да",
    ],
)
def test_a_part_of_the_answers_is_never_all_of_them(text: str) -> None:
    assert 0 < len(read(text)) < 3


def test_a_dash_with_a_number_does_not_hide_the_other_answers() -> None:
    assert read("1. да\n2. Опыт:\n3 - 5 лет") == {"a": "да", "b": "Опыт:\n3 - 5 лет"}


def test_answers_between_the_quoted_lines_are_read() -> None:
    exchanges = (
        ("Здравствуйте, Иван!\nСпасибо за письмо.\n\n1. " + EXPERIENCE, "Три года"),
        ("> 2. В каком\n> городе вы живете?", "2. Пермь\n\n3."),
        ("3. " + START, "\nс понедельника\n"),
    )
    assert read("Три года\n\nПермь\n\nс понедельника", THREE, *exchanges) == {"a": "Три года", "b": "Пермь", "c": "с понедельника"}


def test_a_number_that_repeats_the_quoted_question_is_no_part_of_the_answer() -> None:
    assert read("2) Пермь", THREE, (CITY, "2) Пермь")) == {"b": "Пермь"}
    assert read("2 недели", THREE, (START, "2 недели")) == {"c": "2 недели"}


def test_beneath_two_quoted_questions_only_the_last_is_answered() -> None:
    assert read("да", THREE, (EXPERIENCE + "\n" + CITY, "да")) == {"b": "да"}


def test_numbers_beneath_a_quoted_list_are_read() -> None:
    quote = f"1. {EXPERIENCE}\n2. {CITY}\n3. {START}"
    assert read("1. да\n2. нет\n3. завтра", THREE, (quote, "1. да\n2. нет\n3. завтра")) == {"a": "да", "b": "нет", "c": "завтра"}


def test_a_whole_letter_quoted_above_the_reply_answers_nothing_by_itself() -> None:
    quote = f"1. {EXPERIENCE}\n2. {CITY}\n3. {START}\n\nС уважением, отдел кадров"
    assert read("Всё хорошо, опыт есть", THREE, (quote, "Всё хорошо, опыт есть")) == {}


def test_the_end_of_a_quoted_question_names_it_if_it_is_long_enough() -> None:
    assert read("три", THREE, ("опыт работы с клиентами?", "три")) == {"a": "три"}
    assert read("три", THREE, ("клиентами?", "три")) == {}
    assert read("три", asked("Ваш опыт работы с клиентами?", EXPERIENCE), ("опыт работы с клиентами?", "три")) == {}


def test_the_longest_question_wins_where_one_ends_like_another() -> None:
    questions = asked("Город?", "Ваш город?")
    assert read("Пермь", questions, ("Ваш город?", "Пермь")) == {"b": "Пермь"}
    assert read("Ваш город? Пермь\nГород? Уфа", questions) == {"b": "Пермь", "a": "Уфа"}


def test_an_answer_may_repeat_its_question_beneath_the_quoted_one() -> None:
    assert read("", THREE, (CITY, CITY + " Пермь")) == {"b": "Пермь"}


def test_words_that_only_begin_like_a_question_are_no_copy() -> None:
    assert read("Городской житель\nДа", asked("Город?", "Опыт?")) == {}
    assert read("Какой у вас", asked(EXPERIENCE, CITY)) == {}


def test_a_question_without_letters_is_never_found() -> None:
    assert read("Да, конечно", asked("?", CITY)) == {}


@pytest.mark.parametrize(
    "text", ["Пермь", "Живу в Перми, 10 лет.", "Здравствуйте! Пермь. Спасибо", "Да", "614000", "полгода, с 23.11.2026"]
)
def test_one_open_question_is_answered_by_the_whole_text(text: str) -> None:
    assert read(text, ONE) == {"a": text}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Спасибо, отвечу завтра",
        "Пермь. А удалённо можно?",
        "Отзываю свою кандидатуру",
        "Удалите мои персональные данные",
        "2. Пермь",
        "Подскажите график",
        CITY,
    ],
)
def test_one_open_question_is_not_answered_by_anything_else(text: str) -> None:
    assert read(text, ONE) == {}


def test_what_is_already_answered_is_left_alone_and_keeps_its_number() -> None:
    questions = asked(EXPERIENCE, CITY, START, states=("answered", "missing", "missing"))
    assert read("2. Пермь\n3. завтра", questions) == {"b": "Пермь", "c": "завтра"}
    assert read("1. да\n2. Пермь", questions) == {"b": "Пермь"}
    assert read("Пермь", asked(EXPERIENCE, CITY, states=("answered", "missing"))) == {"b": "Пермь"}
    assert read("Пермь", asked(CITY, states=("answered",))) == {}


def test_optional_questions_are_answered_like_any_other() -> None:
    questions = asked(EXPERIENCE, CITY, required=(True, False))
    assert read("1. да\n2. Пермь", questions) == {"a": "да", "b": "Пермь"}
    assert read("1. да", questions) == {"a": "да"}
    assert read("Да, есть", questions) == {}


@pytest.mark.parametrize("mark", ["(по желанию)", "(необязательно)", "(optional)"])
def test_the_mark_of_an_optional_question_is_no_part_of_question_or_answer(mark: str) -> None:
    questions = asked(EXPERIENCE, CITY, required=(True, False))
    assert read("", questions, (f"> 2. {CITY} {mark}\n>", "Пермь")) == {"b": "Пермь"}
    assert read(f"1. {EXPERIENCE}\nда\n2. {CITY} {mark}\nПермь", questions) == {"a": "да", "b": "Пермь"}
    assert read(f"1. {EXPERIENCE}\nда\n2. {CITY} {mark}", questions) == {"a": "да"}


def test_answers_between_quoted_lines_are_read_even_where_the_quotation_was_left_in_the_text() -> None:
    text = f"Добрый день!\n\n> 1. {EXPERIENCE}\n\nТри года\n\n> 2. {CITY}\n\nПермь\n\n> С уважением,\n> отдел кадров"
    assert read(text) == {"a": "Три года", "b": "Пермь"}


def test_english_letters_are_read_too() -> None:
    questions = asked("What is your experience?", "Where do you live?")
    assert read("Hello,\n\n1. Three years.\n2. Perm, I can move.\n\nBest regards,\nIvan", questions) == {
        "a": "Three years.",
        "b": "Perm, I can move.\n\nBest regards,\nIvan",
    }
    assert read("What is your experience? Three years\nWhere do you live? Perm", questions) == {"a": "Three years", "b": "Perm"}
    assert read("Thank you, I will answer tomorrow.", questions) == {}


@given(st.text(alphabet="123.)(:-–№> \n?абв«»" + CITY, max_size=200))
def test_no_text_answers_what_was_not_open(text: str) -> None:
    questions = asked(EXPERIENCE, CITY, START, states=("answered", "asked", "missing"))
    found = read(text, questions, (text, text))
    assert set(found) <= {"b", "c"}
    assert all(answer.strip() for answer in found.values())


@pytest.mark.parametrize("line", ["-- \n", "К-----------------------------------------\n", "> " * 20 + "\n"])
def test_lines_of_signs_are_no_work(line: str) -> None:
    began = time.process_time()
    read(line * (100_000 // len(line)))
    # Measured: 0.1 s; 20 s and more where every sign was folded by itself.
    assert time.process_time() - began < 5
