"""The Sent folder: each message once, whoever puts it there, and a fate that nobody knows is found out or shown to a person."""

from __future__ import annotations

import email
import email.policy
from collections import Counter
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import JOB, RECRUITER, Hands, N, met

from mailbot.errors import Temporary
from mailbot.mail.smtp import Outcome
from mailbot.service.signals import Stop
from mailbot.tasks.breaker import breaker

UNKNOWN = Outcome("unknown", None, "the connection was lost")


def write(hands: Hands, number: int = 0) -> None:
    hands.letter(SUBJECT, LETTER, sender=f"Мария Петрова <maria{number}@mail.ru>")


def in_sent(hands: Hands) -> list[bytes]:
    return sorted(stored.raw for stored in hands.server.messages(hands.user, "Sent"))


def submitted(hands: Hands) -> list[bytes]:
    return sorted(sent.raw for sent in hands.submission.sent)


def test_mailbot_files_where_the_server_does_not(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.turn()
    assert in_sent(hands) == []

    for _ in range(3):
        hands.pass_time(seconds=20)
        hands.turn()

    assert in_sent(hands) == submitted(hands)
    assert hands.desk.outbox.server_files() is False


def test_mailbot_leaves_it_to_a_server_that_files_by_itself(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.turn()
    for sent in hands.submission.sent:
        hands.server.append(hands.user, sent.raw, hands.now, "Sent")

    for _ in range(3):
        hands.pass_time(seconds=20)
        hands.turn()

    assert in_sent(hands) == submitted(hands)
    assert hands.desk.outbox.server_files() is True


@pytest.mark.parametrize("files_sent", ["auto", False])
def test_a_stop_after_the_append_is_not_taken_for_the_servers_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files_sent: str | bool
) -> None:
    hands = met(tmp_path, smtp_files_sent=files_sent)
    write(hands, 1)

    def stopped(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    def two_turns() -> None:
        hands.turn()
        hands.pass_time(seconds=20)
        hands.turn()

    with monkeypatch.context() as stop:
        stop.setattr(hands.desk.outbox, "filed", stopped)
        with pytest.raises(KeyboardInterrupt):
            two_turns()

    hands.reopen()
    write(hands, 2)
    for _ in range(3):
        hands.pass_time(seconds=20)
        hands.turn()

    assert in_sent(hands) == submitted(hands)


def test_a_mailbox_that_takes_nothing_keeps_nobody_from_reading_and_sending(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands, 1)
    hands.turn()
    hands.pass_time(seconds=20)
    hands.server.fail("append", Temporary("NO [OVERQUOTA]"))

    hands.turn()
    write(hands, 2)
    hands.turn()

    assert hands.watch.connected
    assert len(hands.sent_to("maria2@mail.ru")) == 1
    hands.watch.filing_rests_until = 0.0
    hands.turn()
    assert in_sent(hands) == submitted(hands)


def test_what_comes_while_much_is_filed_is_read_first(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_files_sent=False)
    for number in range(20):
        write(hands, number)

    def comes() -> None:
        if len(hands.server.messages(hands.user, "Sent")) == 3:
            hands.letter(SUBJECT, LETTER, sender="late@mail.ru")

    hands.watch.between = comes
    hands.turn()
    filed = len(hands.server.messages(hands.user, "Sent"))
    assert 3 < filed < len(hands.submission.sent)
    hands.turn()
    assert hands.sent_to("late@mail.ru")
    assert len(hands.server.messages(hands.user, "Sent")) == len(hands.submission.sent)


def test_a_stop_does_not_wait_until_all_is_filed(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_files_sent=False)
    for number in range(20):
        write(hands, number)

    def stops() -> None:
        if hands.server.messages(hands.user, "Sent"):
            raise Stop

    hands.watch.between = stops
    with pytest.raises(Stop):
        hands.turn()
    assert len(hands.server.messages(hands.user, "Sent")) == 1


def test_n_hears_once_a_day_that_the_mailbox_is_full(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands, 1)
    hands.turn()
    hands.pass_time(seconds=20)
    for _ in range(3):
        hands.server.fail("append", Temporary("IMAP server: APPEND: append failed: [OVERQUOTA] Quota exceeded"))
        hands.watch.filing_rests_until = 0.0
        hands.turn()
        hands.turn()

    (told,) = hands.sent_to(N)
    body = told.get_body(("plain",))
    assert body
    assert "the mailbox is full" in " ".join(body.get_content().split())


def test_a_damaged_record_keeps_nothing_else_from_being_filed(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands, 1)
    hands.turn()
    for record in tmp_path.glob("state/applications/*/*/record.json"):
        record.write_bytes(b"{}")
    write(hands, 2)
    hands.turn()

    hands.pass_time(seconds=20)
    hands.turn()

    assert [raw for raw in in_sent(hands) if b"maria2@mail.ru" in raw]


def test_without_a_sent_folder_what_is_unknown_still_comes_to_a_person(tmp_path: Path) -> None:
    hands = Hands(tmp_path)
    del hands.server._users[hands.user]["Sent"]
    hands.turn()
    hands.pass_time(minutes=1)
    write(hands)
    hands.submission.script(UNKNOWN)
    hands.turn()

    for minutes in (1, 60, 1):
        hands.pass_time(minutes=minutes)
        hands.turn()

    assert [entry.state for entry in hands.desk.outbox.entries()] == ["held", "sent", "sent"]
    assert [message["To"] for message in hands.sent_to(RECRUITER)] == [RECRUITER] * 2


def test_what_is_unknown_is_looked_for_four_times_in_an_hour_and_then_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.submission.script(UNKNOWN)
    hands.turn()
    message_id = hands.desk.outbox.entries()[0].message_id
    looks: list[str] = []
    find = hands.watch.mailbox.find

    def counted(folder: str, wanted: str) -> tuple[int, ...]:
        looks.append(wanted)
        return find(folder, wanted)

    monkeypatch.setattr(hands.watch.mailbox, "find", counted)

    for _ in range(70):
        hands.pass_time(minutes=1)
        hands.turn()

    assert looks.count(message_id) == 4
    assert [entry.state for entry in hands.desk.outbox.entries() if entry.message_id == message_id] == ["held"]
    assert len(hands.sent_to("maria0@mail.ru")) == 1


def test_whoever_decides_on_what_is_held_hears_of_it_in_the_same_turn(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.submission.script(UNKNOWN)
    hands.turn()
    told = len(hands.sent_to(RECRUITER))
    hands.pass_time(minutes=61)
    hands.turn()
    hands.pass_time(minutes=7)
    hands.turn()
    assert [entry.state for entry in hands.desk.outbox.entries() if entry.audience == "candidate"] == ["held"]
    assert len(hands.sent_to(RECRUITER)) == told + 1
    assert hands.desk.outbox.due(hands.now) == ()


def test_what_is_unknown_and_found_was_sent_and_is_not_filed_again(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.submission.script(UNKNOWN)
    hands.turn()
    hands.server.append(hands.user, hands.submission.sent[0].raw, hands.now, "Sent")

    hands.pass_time(minutes=2)
    hands.turn()

    assert [entry.state for entry in hands.desk.outbox.entries()] == ["sent", "sent"]
    (case,) = hands.cases()
    assert case.intents[0].outcome == "sent"


def test_a_search_that_was_not_answered_is_no_evidence(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.submission.script(UNKNOWN)
    hands.turn()
    hands.pass_time(hours=2)
    hands.server.fail("find", *[Temporary("NO [UNAVAILABLE]")] * 2)

    for _ in range(2):
        hands.turn()
        assert hands.desk.outbox.entries()[0].state == "unknown"
        hands.watch.looking_rests_until = 0.0
        hands.pass_time(minutes=10)
    hands.server.append(hands.user, hands.submission.sent[0].raw, hands.now, "Sent")
    hands.turn()

    assert hands.desk.outbox.entries()[0].state == "sent"


def test_a_server_that_searches_nothing_is_not_asked_without_end_and_a_person_hears_of_what_is_unknown(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.submission.script(UNKNOWN)
    hands.turn()
    notices = len(hands.sent_to(RECRUITER))
    unknown = hands.desk.outbox.entries()[0]
    looks = 0

    def refusing(folder: str, message_id: str) -> tuple[int, ...]:
        nonlocal looks
        looks += message_id == unknown.message_id
        raise Temporary("NO [UNAVAILABLE]")

    hands.watch.mailbox.find = refusing  # type: ignore[method-assign]
    for _ in range(30):
        hands.pass_time(minutes=5)
        hands.turn()
    assert looks == 1
    for _ in range(3):
        hands.watch.looking_rests_until = 0.0
        hands.turn()

    assert [entry.state for entry in hands.desk.outbox.entries() if entry.audience == "candidate"] == ["unknown"]
    (told,) = hands.sent_to(RECRUITER)[notices:]
    assert "не" in told.get_content()
    assert "does not let mailbot look" in told.get_content()


def test_a_message_under_another_message_id_in_sent_is_known_by_its_mark(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_files_sent="auto")
    write(hands)
    hands.submission.script(UNKNOWN)
    hands.turn()
    for sent in hands.submission.sent:
        other = email.message_from_bytes(sent.raw, policy=email.policy.default)
        assert isinstance(other, EmailMessage)
        other.replace_header("Message-ID", make_msgid(domain="server.example"))
        hands.put(other, "Sent")

    for _ in range(8):
        hands.pass_time(minutes=10)
        hands.turn()

    assert {entry.state for entry in hands.desk.outbox.entries()} == {"sent"}
    assert len(hands.server.messages(hands.user, "Sent")) == len(hands.submission.sent)
    (case,) = hands.cases()
    assert {intent.outcome for intent in case.intents} == {"sent"}


@pytest.mark.parametrize("minutes", [20, 100])
def test_whoever_answers_a_message_of_unknown_fate_has_had_it(tmp_path: Path, minutes: int) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.submission.script(UNKNOWN)
    for _ in range(minutes // 10):
        hands.turn()
        hands.pass_time(minutes=10)

    (questions,) = hands.sent_to("maria0@mail.ru")
    hands.letter(f"Re: {SUBJECT}", "Спасибо, отвечу завтра.", sender="Мария Петрова <maria0@mail.ru>", answers=questions)
    for _ in range(9):
        hands.turn()
        hands.pass_time(minutes=10)

    assert [entry.state for entry in hands.desk.outbox.entries() if entry.purpose == "questions"] == ["sent"]


@pytest.mark.parametrize("files_sent", ["auto", True])
@pytest.mark.parametrize("filed", [False, True])
def test_what_an_answer_proves_sent_stands_in_sent_though_the_server_never_filed_it(
    tmp_path: Path, files_sent: str | bool, filed: bool
) -> None:
    hands = met(tmp_path, smtp_files_sent=files_sent)
    hands.submission.script(UNKNOWN)
    write(hands)
    hands.turn()
    hands.pass_time(seconds=20)
    (questions,) = hands.sent_to("maria0@mail.ru")
    hands.letter(f"Re: {SUBJECT}", "Спасибо, отвечу завтра.", sender="Мария Петрова <maria0@mail.ru>", answers=questions)
    for sent in hands.submission.sent[0 if filed else 1 :]:
        hands.server.append(hands.user, sent.raw, hands.now, "Sent")
    for _ in range(3):
        known = len(hands.submission.sent)
        hands.turn()
        for sent in hands.submission.sent[known:]:
            hands.server.append(hands.user, sent.raw, hands.now, "Sent")
        hands.pass_time(minutes=1)

    assert [entry.state for entry in hands.desk.outbox.entries() if entry.purpose == "questions"] == ["sent"]
    assert in_sent(hands) == submitted(hands)
    assert hands.desk.outbox.server_files() is True


def test_a_notice_of_unknown_fate_repeats_three_times_and_no_more(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.submission.script(Outcome("sent", 250, "taken"), *[UNKNOWN] * 500)
    for _ in range(4 * 24 * 2):
        hands.turn()
        hands.pass_time(minutes=15)

    went = Counter(message["Message-ID"] for message in hands.sent_to(RECRUITER))
    assert set(went.values()) == {3}
    assert len(hands.submission.sent) <= 1 + 2 * 3


def test_a_first_look_that_came_late_is_not_the_last(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.submission.script(UNKNOWN)
    hands.turn()

    hands.pass_time(hours=3)
    hands.turn()
    assert hands.desk.outbox.entries()[0].state == "unknown"
    hands.pass_time(minutes=6)
    hands.turn()

    assert hands.desk.outbox.entries()[0].state == "held"


# The witness. -----------------------------------------------------------------------------------------------------------------------


WITNESS = "job+outbox@up-advert.ru"


def test_nobody_gets_copies_unless_they_are_asked_for(tmp_path: Path) -> None:
    hands = met(tmp_path)
    write(hands)
    hands.turn()

    assert {sent.witness for sent in hands.submission.sent} == {""}


def test_the_copy_of_the_witness_proves_that_it_was_taken(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_witness=WITNESS)
    write(hands)
    hands.submission.script(UNKNOWN)
    hands.turn()
    hands.server.append(hands.user, hands.submission.sent[0].raw, hands.now, "INBOX")

    hands.pass_time(minutes=2)
    hands.turn()

    entry = hands.desk.outbox.entries()[0]
    assert (entry.state, entry.reason) == ("sent", "found by the copy of the witness")
    assert len(hands.sent_to("maria0@mail.ru")) == 1
    # It does not stand in Sent, so mailbot files it there.
    hands.pass_time(minutes=1)
    hands.turn()
    assert hands.submission.sent[0].raw in in_sent(hands)


def test_without_a_copy_it_is_held_and_says_so(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_witness=WITNESS)
    write(hands)
    hands.submission.script(UNKNOWN)
    hands.turn()

    for minutes in (1, 5, 15, 45):
        hands.pass_time(minutes=minutes)
        hands.turn()

    entry = hands.desk.outbox.entries()[0]
    assert (entry.state, "copy of the witness" in entry.reason) == ("held", True)


def test_copies_are_our_own_and_never_a_loop(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_witness=WITNESS)
    for number in range(6):
        write(hands, number)
        hands.turn()
    for sent in tuple(hands.submission.sent):
        # Also twice, as some servers do.
        hands.server.append(hands.user, sent.raw, hands.now, "INBOX")
        hands.server.append(hands.user, sent.raw, hands.now, "INBOX")
    before = len(hands.submission.sent)

    for _ in range(2):
        hands.turn()

    assert {sent.witness for sent in hands.submission.sent} == {WITNESS}
    assert len(hands.submission.sent) == before
    assert list(hands.verdicts().values())[6:] == ["ours"] * 2 * before
    assert not breaker(hands.desk.ledger).open


def test_a_search_for_the_copy_that_was_not_answered_is_no_evidence(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_witness=WITNESS)
    write(hands)
    hands.submission.script(UNKNOWN)
    hands.turn()
    hands.server.append(hands.user, hands.submission.sent[0].raw, hands.now, "INBOX")
    hands.pass_time(hours=2)
    find = hands.watch.mailbox.find

    def refusing(folder: str, message_id: str) -> tuple[int, ...]:
        if folder == "INBOX":
            raise Temporary("NO [UNAVAILABLE]")
        return find(folder, message_id)

    hands.watch.mailbox.find = refusing  # type: ignore[method-assign]
    for _ in range(3):
        hands.watch.looking_rests_until = 0.0
        hands.turn()
        hands.pass_time(hours=1)
    assert hands.desk.outbox.entries()[0].state == "unknown"
    hands.watch.mailbox.find = find  # type: ignore[method-assign]
    hands.watch.looking_rests_until = 0.0
    hands.turn()

    assert hands.desk.outbox.entries()[0].state == "sent"


def test_a_report_on_the_witness_alone_is_no_report_on_the_message(tmp_path: Path) -> None:
    hands = met(tmp_path, smtp_witness=WITNESS)
    write(hands)
    hands.turn()
    (questions,) = hands.sent_to("maria0@mail.ru")
    notices = len(hands.sent_to(RECRUITER))
    report = f"""From: MAILER-DAEMON@mx.example
To: {JOB}
Subject: Undelivered Mail
Message-ID: <1@mx.example>
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B

It could not be delivered.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {WITNESS}
Action: failed
Status: 5.1.1

--B
Content-Type: text/rfc822-headers

Message-ID: {questions["Message-ID"]}

--B--
"""
    hands.server.append(hands.user, report.replace("\n", "\r\n").encode(), hands.now)

    hands.turn()

    assert hands.verdicts() == {1: "application", 2: "bounce"}
    assert len(hands.sent_to(RECRUITER)) == notices
