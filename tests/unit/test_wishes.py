"""What candidates ask of us, as people write it."""

from __future__ import annotations

import pytest

from mailbot.hiring.wishes import asks_us, postpones, says_nothing, wants_erasure, withdraws


@pytest.mark.parametrize(
    "text",
    [
        "А какая зарплата?",
        "1. Да\n2. Пермь. А удалёнка возможна??",
        "Можно ли работать удалённо (хотя бы первое время)?",
        "Скажите, пожалуйста, когда собеседование",
        "подскажите график работы",
        "Хотелось бы узнать размер оклада.",
        "У меня есть вопрос по графику.",
        "Возникли вопросы по заданию",
        "Какой у вас опыт? Три года. А у вас сколько платят?",
        "Could you tell me about the salary",
        "Please let me know when the interview takes place.",
        "I have a few questions about the test.",
        "Is remote work possible?",
        "См. https://hh.ru/resume?id=1 — подойдёт?",
    ],
)
def test_a_question_to_us_is_heard(text: str) -> None:
    assert asks_us(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Здравствуйте! Высылаю резюме.",
        "Моё резюме: https://hh.ru/resume/1?from=mail&x=2?",
        "портфолио hh.ru/resume?a=b?",
        "> Какой у вас опыт?\nТри года",
        "Клиент спросил «Почему так дорого?», и я объяснил.",
        'Люблю книгу "Что делать?"',
        "Если есть вопросы, пишите.",
        "Let me know if you need anything.",
        "If you have questions, i have a few answers",
        "Буду рада ответить на ваши вопросы.",
        "Прив?т, ????? ????",
        "Отвечаю на ваши вопросы ниже",
    ],
)
def test_what_only_looks_like_a_question_is_none(text: str) -> None:
    assert not asks_us(text)


def test_our_own_question_that_was_copied_is_none() -> None:
    copied = ["Какой у вас опыт?", "Где вы живёте? В Перми?", ""]
    assert not asks_us("1. Какой у вас опыт? Три года.\nГде вы живете? В Перми?\nДа", copied)
    assert asks_us("1. Какой у вас опыт? Три года. Это важно?", copied)


@pytest.mark.parametrize(
    "text",
    [
        "Спасибо, отвечу завтра",
        "Пришлю тестовое до понедельника.",
        "Завтра вечером обязательно отправлю ответы",
        "можно до понедельника?",
        "Можно ли сдать позже?",
        "Мне нужно ещё два дня",
        "Дайте, пожалуйста, время до среды: не успеваю",
        "Прошу продлить срок",
        "I'll reply tomorrow",
        "I will get back to you by Monday.",
        "I need a couple of days",
        "Could I send it until Friday?",
    ],
)
def test_an_answer_put_off_is_heard(text: str) -> None:
    assert postpones(text)


@pytest.mark.parametrize(
    "text", ["", "Готов выйти завтра", "С понедельника", "Да, опыт есть", "I can start tomorrow", "Решение во вложении", "> отвечу завтра"]
)
def test_an_answer_is_not_put_off_because_it_names_a_day(text: str) -> None:
    assert not postpones(text)


@pytest.mark.parametrize(
    "text",
    [
        "Здравствуйте! Прошу снять мою кандидатуру с рассмотрения.",
        "Отзываю свою кандидатуру",
        "Хотела бы отозвать свою заявку, спасибо.",
        "Прошу больше не рассматривать мою кандидатуру",
        "Не рассматривайте меня, пожалуйста.",
        "К сожалению, вынуждена отказаться от вакансии.",
        "Спасибо, но я вынужден отказаться",
        "Отказываюсь от дальнейшего участия",
        "Ваша вакансия для меня больше не актуальна",
        "Больше не ищу работу",
        "Я уже нашла работу.",
        "Нашёл другую работу, извините",
        "Приняла предложение другой компании",
        "Пожалуйста, больше не пишите мне",
        "Стоп",
        "STOP!",
        "I would like to withdraw my application.",
        "I am withdrawing from the process",
        "I am no longer interested in this position.",
        "I have accepted another offer",
        "Please do not contact me",
        "Прошу снять мою\nкандидатуру",
    ],
)
def test_a_clear_withdrawal_is_heard(text: str) -> None:
    assert withdraws(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Не отзываю свою кандидатуру",
        "Я не хочу отозвать заявку",
        "Если зарплата ниже, снимаю свою кандидатуру",
        "Можно ли отозвать заявку?",
        "> Отзываю свою кандидатуру",
        "Вынужден отказаться от переезда, но готов работать удалённо",
        "Не отказываюсь от тестового, просто нужно время",
        "Прошу рассмотреть мою кандидатуру",
        "Нашла вашу вакансию на hh",
        "Занимался тем, чтобы снять заявку клиента с рассмотрения: занималась этим год",
        "Стоп-лист вести умею",
        "I might withdraw my application",
        "I do not want to withdraw my application",
        "If you can not pay, I withdraw my application",
        "Клиент сказал «отзываю заявку», я его вернул",
    ],
)
def test_what_is_not_clear_ends_nothing(text: str) -> None:
    assert not withdraws(text)


@pytest.mark.parametrize(
    "text",
    [
        "Прошу удалить мои персональные данные.",
        "Удалите, пожалуйста, все мои данные",
        "удалите всю информацию обо мне",
        "Удалите меня из вашей базы",
        "Прошу удалить моё резюме из базы.",
        "Отзываю своё согласие на обработку персональных данных",
        "Прекратите обработку моих персональных данных",
        "Please delete my personal data.",
        "Remove all information about me",
        "I withdraw my consent",
        "Прошу уничтожить\nмои персональные данные",
    ],
)
def test_a_wish_to_be_forgotten_is_heard(text: str) -> None:
    assert wants_erasure(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Удалите, пожалуйста, предыдущее письмо: приложил не тот файл",
        "Прошу удалить старое резюме и рассмотреть новое",
        "Знаю, что вправе отозвать согласие",
        "Даю согласие на обработку персональных данных",
        "Не отзываю согласие",
        "Если не подойду, удалите мои данные",
        "Можете ли вы удалить мои данные?",
        "Приходилось удалить мои персональные данные клиентов",
        "Please don't delete my data",
        "If I do not fit, delete my data",
    ],
)
def test_what_is_not_clear_forgets_nobody(text: str) -> None:
    assert not wants_erasure(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Спасибо, отвечу завтра",
        "Спасибо!",
        "Добрый день, Анна! Спасибо за письмо, обязательно отвечу позже.",
        "Здравствуйте, Анна Сергеевна!\nПолучила ваше письмо, посмотрю.",
        "Ок",
        "Хорошо, спасибо большое!",
        "А какая зарплата?",
        "Спасибо. Подскажите график",
        "-",
        "Thank you for the quick answer, I will reply tomorrow.",
        "Got it, thanks!",
        "Спасибо!\n\nС уважением,\nИван Петров\n+7 912 345-67-89",
    ],
)
def test_courtesy_promises_and_questions_say_nothing(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        "да",
        "нет",
        "+",
        "Спасибо, да",
        "2 года",
        "завтра",
        "Здравствуйте! Опыт три года.",
        "Yes",
        "с понедельника. А оклад?",
        "Окей-банк, два года",
    ],
)
def test_a_statement_says_something(text: str) -> None:
    assert not says_nothing(text)
