"""The first start on a mailbox that people have used for years answers nothing that is old."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from applicants import LETTER, SUBJECT, asked
from office import CANDIDATE, MONDAY, Office, forget_state
from servers import ImapServer, SmtpServer


def test_a_full_mailbox_is_met_without_a_word_and_only_what_comes_later_is_answered(
    tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer
) -> None:
    office = Office(tmp_path, dovecot, smtp_server)
    for day in (1, 40, 400):
        office.letter(SUBJECT, LETTER, sender=f"old{day}@mail.ru", at=MONDAY - timedelta(days=day))
    office.letter("Моё", "Отправлено до нас.", sender="job@up-advert.ru", to=CANDIDATE, folder="Sent", at=MONDAY - timedelta(days=2))
    assert "first start: 3 older messages left alone; see mailbot adopt" in office.once()
    # The second before first contact, and under a UID that is new, as after a move between folders.
    office.letter(SUBJECT, LETTER, sender="before@mail.ru", at=MONDAY - timedelta(seconds=1))
    office.letter(SUBJECT, LETTER, sender="after@mail.ru", at=MONDAY + timedelta(seconds=30))
    office.pass_time(minutes=1)
    assert "first start" not in office.once()
    office.once()
    assert [message["To"] for message in office.sent()][:1] == ["after@mail.ru"]
    assert {application["addresses"][0] for application in office.applications()} == {"after@mail.ru"}
    assert all(not stored.flags for stored in dovecot.messages(office.user))


def test_a_letter_first_seen_after_more_than_a_fortnight_is_shown_to_a_person_and_not_answered(office: Office) -> None:
    office.letter(SUBJECT, LETTER)
    office.pass_time(days=15)
    office.once()
    assert office.sent_to(CANDIDATE) == []
    (application,) = office.applications()
    assert (application["waits_for"], application["opened"]) == ("staff", (MONDAY + timedelta(minutes=1)).isoformat())


def test_a_lost_state_is_recognised_and_nobody_is_written_to_until_a_person_says_so(office: Office) -> None:
    asked(office)
    office.once()
    forget_state(office)
    office.pass_time(minutes=1)
    office.once()
    office.pass_time(minutes=1)
    office.letter(SUBJECT, LETTER, sender="new@mail.ru")
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 1
    assert office.sent_to("new@mail.ru") == []
    assert office.applications()[0]["addresses"] == ["new@mail.ru"]
    assert "safe mode is over" in office.mailbot("resume")
    office.once()
    assert len(office.sent_to("new@mail.ru")) == 1
    assert len(office.sent_to(CANDIDATE)) == 1


def test_check_never_makes_first_contact(tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer) -> None:
    office = Office(tmp_path, dovecot, smtp_server)
    office.letter(SUBJECT, LETTER, at=MONDAY - timedelta(days=1))
    office.mailbot("check")
    office.pass_time(minutes=1)
    assert "first start: 1 older" in office.once()
    assert office.sent() == []
