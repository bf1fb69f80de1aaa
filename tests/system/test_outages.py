"""Servers that are away, and folders that change under mailbot's feet: a plain word, and everything once when they are back."""

from __future__ import annotations

import re

from applicants import ANSWERS, LETTER, SUBJECT, asked
from office import CANDIDATE, RECRUITER, N, Office, text_of
from servers import free_ports


def set_port(office: Office, table: str, port: int) -> None:
    """Let the configuration name another port for this server."""
    text = office.config.read_text(encoding="utf-8")
    office.config.write_text(re.sub(rf"(?ms)(^\[{table}\]\n.*?^port = )\d+", rf"\g<1>{port}", text, count=1), encoding="utf-8")


def test_what_is_decided_while_the_smtp_server_is_away_goes_out_once_when_it_is_back(office: Office) -> None:
    set_port(office, "smtp", free_ports(1)[0])
    office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=1)
    office.once()
    assert {entry["state"] for entry in office.json("outbox", "list")} <= {"retry", "planned"}
    set_port(office, "smtp", office.smtp.port)
    for _ in range(2):
        office.pass_time(minutes=20)
        office.once()
    assert sorted(str(message["To"]) for message in office.sent()) == [RECRUITER, CANDIDATE]


def test_a_text_that_names_a_day_which_has_passed_is_not_sent_late_but_written_anew(office: Office) -> None:
    set_port(office, "smtp", free_ports(1)[0])
    office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=1)
    office.once()
    set_port(office, "smtp", office.smtp.port)
    office.pass_time(days=9)
    office.once()
    office.once()
    # Ten days later the letter can not say "не позднее 1 декабря" any more.
    (questions,) = office.sent_to(CANDIDATE)
    assert "1 декабря" not in text_of(questions).replace("10 декабря", "")
    assert "10 декабря" in text_of(questions)
    assert sorted(entry["state"] for entry in office.json("outbox", "list") if entry["purpose"] == "questions") == ["dropped", "sent"]
    # Nobody is troubled by it.
    assert all("ЗАДЕРЖАНО" not in text_of(message) for message in office.sent_to(RECRUITER))


def test_while_the_mailbox_is_away_a_pass_says_so_plainly_and_the_next_one_takes_everything(office: Office) -> None:
    questions = asked(office)
    port = free_ports(1)[0]
    set_port(office, "imap", port)
    office.letter(f"Re: {SUBJECT}", ANSWERS, answers=questions)
    office.pass_time(minutes=1)
    said = office.mailbot("once", expect=1)
    assert f"127.0.0.1:{port}" in said
    assert "Traceback" not in said
    set_port(office, "imap", office.imap.port)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 2


def test_a_sent_folder_that_was_made_anew_is_no_lost_state(office: Office) -> None:
    questions = asked(office)
    office.once()
    kept = office.imap.messages(office.user, "Sent")
    assert len(kept) == 2
    with office.imap.login(office.user) as session:
        assert session.delete("Sent")[0] == "OK"
    office.imap.create_folder(office.user, "Sent")
    for stored in kept:
        office.put(stored.raw, folder="Sent")
    office.letter(f"Re: {SUBJECT}", ANSWERS, answers=questions)
    office.pass_time(minutes=1)
    assert "safe mode" not in office.once()
    assert len(office.sent_to(CANDIDATE)) == 2
    assert office.sent_to(N) == []


def test_a_person_who_reads_moves_and_deletes_meanwhile_costs_nobody_an_answer(office: Office) -> None:
    office.imap.create_folder(office.user, "Archive")
    office.letter(SUBJECT, LETTER)
    office.letter(SUBJECT, LETTER, sender="second@mail.ru")
    with office.imap.login(office.user) as session:
        session.select("INBOX")
        session.store("1", "+FLAGS", r"(\Seen \Flagged)")
    office.pass_time(minutes=1)
    office.once()
    assert {message["To"] for message in office.sent()} == {CANDIDATE, "second@mail.ru", RECRUITER}
    assert [sorted(stored.flags) for stored in office.imap.messages(office.user)] == [[r"\Flagged", r"\Seen"], []]
    with office.imap.login(office.user) as session:
        session.select("INBOX")
        session.copy("1:2", "Archive")
        session.store("1:2", "+FLAGS", r"(\Deleted)")
        session.expunge()
    office.letter(f"Re: {SUBJECT}", ANSWERS, answers=office.sent_to(CANDIDATE)[0])
    office.pass_time(minutes=1)
    office.once()
    assert [len(office.sent_to(CANDIDATE)), len(office.sent_to("second@mail.ru"))] == [2, 1]


def test_a_mailbox_without_a_sent_folder_is_served_too(office: Office) -> None:
    with office.imap.login(office.user) as session:
        session.delete("Sent")
    text = office.config.read_text(encoding="utf-8")
    office.config.write_text(text.replace('sent = "auto"', 'sent = ""', 1), encoding="utf-8")
    asked(office)
    office.once()
    assert sorted(str(message["To"]) for message in office.sent()) == [RECRUITER, CANDIDATE]
