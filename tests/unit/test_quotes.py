"""The new text of a reply, without quotation and signature."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mailbot.hiring.model import Exchange
from mailbot.mail.quotes import split

SAMPLES = Path(__file__).parents[1] / "samples" / "ru-replies"
CASES = sorted(path.stem for path in SAMPLES.glob("*.toml"))


def words(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("stem", CASES)
def test_a_sample_is_taken_apart_as_its_toml_says(stem: str) -> None:
    expected = tomllib.loads((SAMPLES / f"{stem}.toml").read_text(encoding="utf-8"))
    html, text = SAMPLES / f"{stem}.html", SAMPLES / f"{stem}.txt"
    if html.exists():
        reply = split("", html.read_text(encoding="utf-8"))
        assert words(reply.new_text) == words(expected["new_text"])
    else:
        reply = split(text.read_text(encoding="utf-8"))
        assert reply.new_text == expected["new_text"]
    assert reply.exchanges == tuple(Exchange(**pair) for pair in expected.get("exchanges", ()))


def test_there_are_samples() -> None:
    assert len(CASES) > 30


def test_the_quotation_is_kept_without_its_marks_and_its_header_line() -> None:
    reply = split("Да.\n\n23.11.2026, 10:15, Анна <a@firm.ru>:\n> Когда?\n>> Раньше.\n")
    assert reply.quoted == ("Когда?\nРаньше.",)


def test_html_is_preferred_because_its_quotation_is_marked() -> None:
    html = "<div>Да.</div><blockquote>Когда вам удобно?</blockquote>"
    assert split("Да.\n\nКогда вам удобно?", html).new_text == "Да."


def test_plain_text_is_taken_where_html_marks_nothing() -> None:
    assert split("Да.\n\n> Когда?", "<div>Да.</div><div>Когда?</div>").new_text == "Да."


@pytest.mark.parametrize("text", ["> одна цитата", "-- \nИван", "Отправлено с iPhone", "23.11.2026 10:15, a@b.ru wrote:\n> x"])
def test_a_text_is_never_reduced_to_nothing(text: str) -> None:
    assert split(text).new_text == text


def test_nothing_gives_nothing() -> None:
    assert split("") == split("", "") == split("\n\n")
    assert split("").new_text == ""


@pytest.mark.parametrize(
    "line",
    [
        "Отправлено с моего iPad",
        "Отправлено из мобильной Почты Mail.ru",
        "Отправлено из мобильного приложения Яндекс Почты",
        "Отправлено из Почты для Windows",
        "Sent from my iPhone",
        "Sent from Mail for Windows",
        "Get Outlook for Android<https://aka.ms/x>",
    ],
)
def test_what_a_mail_program_says_of_itself_is_no_text(line: str) -> None:
    assert split(f"Да, удобно.\n\n{line}\n").new_text == "Да, удобно."


@pytest.mark.parametrize(
    "line",
    [
        "С 2015 по 2020 работал в Mail.ru, пишите мне: a@b.ru",
        "Мой опыт:",
        "23.11.2026 начал работать в фирме:",
        "От: трёх до пяти лет опыта",
        "Он написал мне так:",
    ],
)
def test_a_line_of_the_letter_is_not_taken_for_the_head_of_a_quotation(line: str) -> None:
    text = f"Добрый день!\n{line}\nдалее"
    assert split(text).new_text == text


def test_a_long_hostile_text_takes_no_more_than_its_length() -> None:
    for piece in ("--\n", "> x\ny\n", "От: x\n", "_____\n\n", "23.11.2026, 10:15, a@b.ru:\n"):
        split(piece * 20_000)
