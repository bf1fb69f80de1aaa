"""What is wrong with one message, one file or one server costs nobody else, and the message itself no more than it must."""

from __future__ import annotations

from pathlib import Path

from applicants import LETTER, SUBJECT
from hands import CANDIDATE, RECRUITER, Hands, met

from mailbot.mail.smtp import Outcome
from mailbot.records.outbox import Entry
from mailbot.tasks.modes import enter_safe_mode

GREYLISTED = Outcome("retry", 451, "4.7.1 greylisted")
REFUSED_LOGIN = Outcome("retry", 535, "5.7.8 bad login", account_fault=True)
NO_SERVER = Outcome("retry", None, "no answer", no_session=True)
QUESTION = f"{LETTER}\nМожно ли работать удалённо?\n"
OTHER = "boris@mail.ru"


def file_of(hands: Hands, number: int) -> Path:
    return next((hands.settings.state_dir / "applications").rglob(f"{number:04d}.eml"))


def letters(hands: Hands) -> list[Entry]:
    return [entry for entry in hands.desk.outbox.entries() if entry.audience == "candidate"]


def test_a_message_whose_file_is_gone_is_held_and_the_next_one_goes_out(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.submission.script(GREYLISTED)
    hands.turn()
    file_of(hands, 2).unlink()
    hands.letter(SUBJECT, LETTER, sender=f"Борис <{OTHER}>")

    for _ in range(3):
        hands.pass_time(minutes=10)
        hands.turn()

    assert len(hands.sent_to(OTHER)) == 1
    (first, _) = letters(hands)
    assert first.state == "held"
    assert any("0002.eml" in notice.get_content() for notice in hands.sent_to(RECRUITER))


def test_a_file_that_is_not_what_was_written_goes_to_nobody(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.submission.script(GREYLISTED)
    hands.turn()
    file_of(hands, 2).write_bytes(b"")

    hands.pass_time(minutes=10)
    hands.turn()

    assert hands.sent_to(CANDIDATE) == []
    assert letters(hands)[0].state == "held"


def test_an_answer_to_a_letter_whose_file_is_gone_keeps_nobody_else_from_being_read(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, QUESTION)
    hands.turn()
    hands.pass_time(minutes=10)
    notice = hands.sent_to(RECRUITER)[0]
    file_of(hands, 1).unlink()

    hands.letter(f"Re: {notice['Subject']}", "Да, можно.", sender=RECRUITER, answers=notice)
    hands.letter(SUBJECT, LETTER, sender=f"Борис <{OTHER}>")
    for _ in range(4):
        hands.turn()
        hands.pass_time(minutes=10)

    assert len(hands.sent_to(OTHER)) == 1
    assert all(hands.verdicts().values())


def test_in_safe_mode_nothing_goes_to_candidates_not_even_what_a_person_has_written(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, QUESTION)
    hands.turn()
    hands.pass_time(minutes=10)
    notice = hands.sent_to(RECRUITER)[0]
    before = len(hands.sent_to(CANDIDATE))
    enter_safe_mode(hands.desk, "a test")

    hands.letter(f"Re: {notice['Subject']}", "Да, можно.", sender=RECRUITER, answers=notice)
    hands.turn()
    hands.pass_time(minutes=30)
    hands.turn()

    assert len(hands.sent_to(CANDIDATE)) == before
    assert [entry.state for entry in letters(hands) if entry.purpose == "relay"] == ["planned"]


def test_days_of_a_refused_login_or_without_a_server_are_no_fault_of_a_message(tmp_path: Path) -> None:
    for trouble in (REFUSED_LOGIN, NO_SERVER):
        hands = met(tmp_path / str(trouble.code))
        hands.letter(SUBJECT, LETTER)
        hands.submission.script(*[trouble] * 400)
        for _ in range(4 * 50):
            hands.watch.resting_until = 0.0
            hands.turn()
            hands.pass_time(minutes=15)
        assert not [entry for entry in hands.desk.outbox.entries() if entry.state == "held"]

        hands.submission.clear()
        hands.watch.resting_until = 0.0
        hands.turn()

        assert len(hands.sent_to(CANDIDATE)) == 1
        assert not [entry for entry in hands.desk.outbox.entries() if entry.state == "held"]
