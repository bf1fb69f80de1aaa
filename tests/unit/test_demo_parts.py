"""The parts of the demo that can be looked at without running it: its clock, its configuration, and the letters of its people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailbot.hiring.model import Message
from mailbot.mail import extract
from mailbot.mail.parse import parse
from mailbot.service.demo.clock import WALK, OfficeClock, Pace, office_clock
from mailbot.service.demo.home import changed
from mailbot.service.demo.letters import Draft, Writer, between_lines, questions_in, written
from mailbot.service.demo.papers import Paper, docx, pdf
from mailbot.service.demo.servers import dated

MONDAY = datetime(2026, 11, 23, 5, 5, tzinfo=UTC)
ASKED = "Здравствуйте!\n\nУ нас 2 вопроса:\n\n1. Почему вы?\n\n2. Когда начнёте? (по желанию)\n\nЖдём.\n"


def asked() -> Message:
    draft = Draft(Writer("АП-Адверт", "job@up-advert.ru", "Yandex"), "a@b.example", ASKED, "Вопросы")
    return parse(written(draft, MONDAY))


@pytest.mark.parametrize(
    ("elapsed", "office"),
    [(-1, 100), (0, 100), (1, 150), (2, 200), (3, 210)],
    ids=["before it begins", "at its begin", "under way", "at its goal", "beyond it"],
)
def test_a_pace_runs_to_its_goal_and_walks_from_there(elapsed: float, office: float) -> None:
    assert Pace(start=100, goal=200, since=7, rate=50, then=10).at(7 + elapsed) == pytest.approx(office)


def test_another_process_reads_the_same_time(tmp_path: Path) -> None:
    clock = OfficeClock(tmp_path / "clock", MONDAY)
    seen = office_clock(tmp_path / "clock")
    assert abs(seen() - clock()) < timedelta(seconds=WALK)
    clock.travel(MONDAY + timedelta(days=7), 0)
    while clock() < MONDAY + timedelta(days=7):
        pass
    assert seen() >= MONDAY + timedelta(days=7)


def test_time_never_runs_back(tmp_path: Path) -> None:
    clock = OfficeClock(tmp_path / "clock", MONDAY)
    clock.travel(MONDAY - timedelta(days=1), 0)
    assert clock() >= MONDAY


def test_a_configuration_is_changed_key_by_key_in_its_table() -> None:
    text = '[imap]\nhost = "a"\nport = 1\n[smtp]\nhost = "b"\n[[recruiters]]\nname = "c"\n'
    after = changed(text, {("smtp", "host"): '"new"', ("imap", "port"): "", ("recruiters", "name"): '"d"'})
    assert after == '[imap]\nhost = "a"\n# port = 1\n[smtp]\nhost = "new"\n[[recruiters]]\nname = "d"\n'
    with pytest.raises(KeyError, match="port"):
        changed(text, {("smtp", "port"): "2"})


def test_a_reader_finds_the_numbered_questions_of_a_letter() -> None:
    assert questions_in(asked()) == {1: "Почему вы?", 2: "Когда начнёте? (по желанию)"}


def test_answers_stand_beneath_their_quoted_questions() -> None:
    lines = between_lines(asked(), {2: "Завтра."}).splitlines()
    assert lines[lines.index("> 2. Когда начнёте? (по желанию)") + 2] == "Завтра."


def test_outlook_writes_in_its_own_charset_and_puts_what_that_lacks_differently() -> None:
    writer = Writer("Игорь", "i@b.example", "Outlook", "koi8-r")
    question = asked()
    raw = written(Draft(writer, "job@up-advert.ru", "Ответ: «да»", answers=question), MONDAY)
    message = parse(raw)
    assert b"koi8-r" in raw
    assert message.text.startswith('Ответ: "да"')
    assert message.in_reply_to == (question.message_id,)
    assert message.subject == "Re: Вопросы"


def test_an_iphone_writes_html_alone() -> None:
    message = parse(written(Draft(Writer("Тимур", "t@b.example", "iPhone"), "job@up-advert.ru", "Да", "Стажировка"), MONDAY))
    assert message.parts == ("text/html",)
    assert "Отправлено с iPhone" in message.text


@pytest.mark.parametrize("paper", [pdf("a.pdf", ["Plan (draft)"]), docx("a.docx", ["Plan [draft]"])], ids=["pdf", "docx"])
def test_the_papers_can_be_read(paper: Paper) -> None:
    draft = Draft(Writer("A", "a@b.example", "Gmail"), "job@up-advert.ru", "See", "CV", files=(paper,))
    (attachment,) = parse(written(draft, MONDAY)).attachments
    read = extract.read(attachment, 1_000_000)
    assert read.verdict == "text"
    assert "Plan [draft]" in read.text


def test_the_date_of_a_letter_becomes_the_offices() -> None:
    raw = b"Received: x\r\n\tDate: y\r\nDATE: Mon, 01 Jan 2024\r\n 00:00:00 +0000\r\nTo: b\r\n\r\nDate: of the body\r\n"
    now = b"Mon, 23 Nov 2026 05:05:00 +0000"
    assert dated(raw, MONDAY) == b"Received: x\r\n\tDate: y\r\nDate: " + now + b"\r\nTo: b\r\n\r\nDate: of the body\r\n"
    assert dated(b"To: b\r\n\r\nDate: of the body\r\n", MONDAY) == b"To: b\r\n\r\nDate: of the body\r\n"
