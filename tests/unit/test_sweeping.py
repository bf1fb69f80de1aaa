"""The sweep: what was moved before it was read is found within the hour, junk is a number in the digest, and nothing is taken in twice."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from applicants import LETTER, SUBJECT
from hands import CANDIDATE, JOB, MONDAY, RECRUITER, Hands, N, met

from mailbot.errors import Permanent, Temporary
from mailbot.mail.folders import Folder
from mailbot.mail.mailbox import Fetched, FolderState, Headline
from mailbot.service.health import Pulse, health, in_words
from mailbot.tasks import receive
from mailbot.tasks.desk import Desk
from mailbot.tasks.folders import swept_folders
from mailbot.tasks.gather import Role
from mailbot.tasks.watch import SWEEP_SECONDS

INBOX: tuple[Folder, Role] = (Folder("INBOX", "inbox"), "inbox")


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of the watch; its one number may be changed."""
    now = [10_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def archived(folder: Path) -> Hands:
    """Hands whose mailbox has an archive."""
    hands = Hands(folder)
    hands.server.create_folder(hands.user, "Archive")
    hands.turn()
    hands.pass_time(minutes=1)
    return hands


def sweep(hands: Hands) -> None:
    """A turn as it is after an hour."""
    hands.watch.swept_at = -SWEEP_SECONDS
    hands.turn()


def test_a_letter_that_was_moved_before_it_was_read_is_answered_within_the_hour(tmp_path: Path, passing: list[float]) -> None:
    hands = archived(tmp_path)
    hands.letter(SUBJECT, LETTER, folder="Archive")
    passing[0] += SWEEP_SECONDS - 1
    hands.turn()
    assert hands.sent_to(CANDIDATE) == []

    passing[0] += 1
    hands.turn()
    hands.turn()

    assert len(hands.sent_to(CANDIDATE)) == 1
    assert hands.verdicts("Archive") == {1: "application"}


def test_the_archive_may_come_into_being_later_and_its_old_letters_are_old(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.server.create_folder(hands.user, "Архив")
    now = hands.now
    hands.now = MONDAY - timedelta(days=3)
    hands.letter(SUBJECT, LETTER, sender="old@mail.ru", folder="Архив")
    hands.now = now
    hands.letter(SUBJECT, LETTER, folder="Архив")
    hands.pass_time(days=1)

    hands.reopen()
    sweep(hands)

    assert hands.verdicts("Архив") == {1: "", 2: "application"}
    assert hands.sent_to("old@mail.ru") == []
    assert len(hands.sent_to(CANDIDATE)) == 1


def test_a_letter_that_was_read_and_then_moved_is_no_news(tmp_path: Path) -> None:
    hands = archived(tmp_path)
    letter = hands.letter(SUBJECT, LETTER)
    hands.turn()
    hands.server.expunge(hands.user, 1)
    hands.put(letter, "Archive")

    sweep(hands)
    sweep(hands)

    assert hands.verdicts("Archive") == {1: "duplicate"}
    assert len(hands.sent_to(CANDIDATE)) == 1
    assert len(hands.cases()) == 1


def test_a_message_that_the_server_showed_out_of_turn_is_found(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER, sender="first@mail.ru")
    early = hands.server.messages(hands.user)[0]
    hands.server.expunge(hands.user, 1)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    hands.server.folder(hands.user, "INBOX").stored.insert(0, early)
    hands.turn()
    assert hands.sent_to("first@mail.ru") == []

    sweep(hands)

    assert hands.verdicts() == {1: "application", 2: "application"}
    assert len(hands.sent_to("first@mail.ru")) == 1


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        (f"Мария <{CANDIDATE}>", {}),
        ("Новости <news@shop.example>", {"List-Unsubscribe": "<https://shop.example/u>"}),
        ("Реклама <noreply@shop.example>", {}),
        ("Ваш почтовый ящик <job@up-advert.ru>", {}),
        (f"Рекрутер <{RECRUITER}>", {}),
    ],
)
def test_junk_is_filed_without_a_word_and_counted_in_the_digest(tmp_path: Path, sender: str, headers: dict[str, str]) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER, sender=sender, folder="Junk", headers=headers)

    sweep(hands)
    assert hands.submission.sent == []
    assert hands.verdicts("Junk") == {1: "junk"}

    hands.pass_time(days=1)
    sweep(hands)
    (digest,) = hands.sent_to(RECRUITER)
    assert "В папке «Спам» или с её признаками: 1." in text_of(digest)
    assert hands.sent_to(CANDIDATE) == hands.sent_to(N) == []


def test_what_a_person_takes_out_of_junk_is_answered_once(tmp_path: Path) -> None:
    hands = archived(tmp_path)
    letter = hands.letter(SUBJECT, LETTER, folder="Junk")
    sweep(hands)
    hands.put(letter)
    hands.server.expunge(hands.user, 1, "Junk")
    hands.turn()
    assert len(hands.sent_to(CANDIDATE)) == 1

    hands.put(letter, "Archive")
    hands.put(letter, "Junk")
    hands.server.renumber(hands.user)
    sweep(hands)
    hands.reopen()
    sweep(hands)

    assert len(hands.sent_to(CANDIDATE)) == 1
    assert hands.verdicts("Archive") == hands.verdicts() == {1: "duplicate"}
    assert [case.application.waits_for for case in hands.cases() if case.application] == ["candidate"]


def test_a_stop_after_the_record_of_what_was_taken_out_of_junk_decides_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = met(tmp_path)
    letter = hands.letter(SUBJECT, LETTER, folder="Junk")
    sweep(hands)
    hands.put(letter)

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(hands.desk.ledger), "verdict", stopped)
        with pytest.raises(KeyboardInterrupt):
            hands.turn()
    hands.reopen()
    hands.turn()

    assert hands.verdicts() == {1: "duplicate"}
    assert len(hands.sent_to(CANDIDATE)) == 1


def test_a_known_candidate_whose_letter_is_in_junk_waits_for_a_person(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    hands.letter(f"Re: {SUBJECT}", "Когда вы ответите?\n", answers=hands.sent_to(CANDIDATE)[0], folder="Junk")
    sweep(hands)

    assert [case.application.waits_for for case in hands.cases() if case.application] == ["staff"]
    assert len(hands.sent_to(RECRUITER)) == 2
    assert len(hands.sent_to(CANDIDATE)) == 1


def test_two_messages_with_one_message_id_are_two_and_so_are_two_without_any(tmp_path: Path) -> None:
    hands = archived(tmp_path)
    hands.letter(SUBJECT, LETTER, message_id="<1@client.example>")
    hands.letter(SUBJECT, LETTER, sender="Пётр <petr@mail.ru>", message_id="<1@client.example>")
    for text in (LETTER, f"{LETTER} И ещё: я живу в Перми."):
        bare = EmailMessage()
        bare["From"], bare["To"], bare["Subject"] = "Анна <anna@mail.ru>", JOB, SUBJECT
        bare.set_content(text)
        hands.put(bare)
    hands.put(bare, "Archive")

    sweep(hands)

    assert hands.verdicts() == {1: "application", 2: "application", 3: "application", 4: "answer"}
    assert hands.verdicts("Archive") == {1: "duplicate"}
    assert [len(hands.sent_to(address)) for address in (CANDIDATE, "petr@mail.ru")] == [1, 1]
    assert sorted(len([m for m in case.messages if m.direction == "in"]) for case in hands.cases()) == [1, 1, 2]


@pytest.mark.parametrize("problem", [Temporary("[UNAVAILABLE]"), Permanent("there is no folder Archive")])
def test_a_folder_that_can_not_be_swept_keeps_nobody_waiting(tmp_path: Path, problem: Exception) -> None:
    hands = archived(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.letter(SUBJECT, LETTER, sender="Пётр <petr@mail.ru>", folder="Junk")
    hands.watch.swept_at = -SWEEP_SECONDS
    hands.server.fail("headlines_since", problem)  # type: ignore[arg-type]

    hands.turn()

    assert len(hands.sent_to(CANDIDATE)) == 1
    assert hands.verdicts("Junk") == {1: "junk"}


def test_archive_and_junk_are_those_that_the_configuration_names(tmp_path: Path) -> None:
    hands = met(tmp_path)
    found = (INBOX[0], Folder("Archive", "archive"), Folder("Spam", "junk"), Folder("Разобрано", "other"))

    def swept(**keys: str) -> list[tuple[str, str]]:
        settings = replace(hands.settings, imap=hands.settings.imap.model_copy(update=keys))
        return [(folder.name, role) for folder, role in swept_folders(hands.desk.configured(settings), found, (INBOX,))]

    assert swept() == [("Archive", "inbox"), ("Spam", "junk")]
    assert swept(archive="Разобрано", junk="") == [("Разобрано", "inbox")]
    assert swept(archive="INBOX", junk="") == []
    with pytest.raises(Permanent, match=r"imap\.junk.*Спам"):
        swept(junk="Спам")


def test_status_says_so_when_the_server_holds_what_the_ledger_does_not_know(tmp_path: Path) -> None:
    hands = met(tmp_path)
    hands.letter(SUBJECT, LETTER)
    hands.turn()
    early = hands.server.messages(hands.user)[0]
    hands.server.folder(hands.user, "INBOX").stored.append(replace(early, uid=2))
    hands.server.folder(hands.user, "INBOX").uidnext = 3
    hands.watch.uidnext["INBOX"] = 3

    answer = health(hands.desk, Pulse(1, hands.now, hands.watch))

    assert answer["state"] == "degraded"
    assert "\n1 message in INBOX has no verdict: 1 not taken in yet, looked for hourly" in in_words(answer, "", "")


def test_status_counts_every_folder_and_says_why_a_message_has_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = archived(tmp_path)
    hands.letter(SUBJECT, LETTER, folder="Archive")
    hands.letter("Реклама", "Купите слона", sender="spam@spam.example", folder="Junk")
    for number in range(3):
        hands.letter(SUBJECT, LETTER, sender=f"maria{number}@mail.ru")
    fetch, take = hands.watch.mailbox.fetch, receive._decide

    def withheld(headlines: Sequence[Headline]) -> Iterator[Fetched]:
        # UIDs 1 and 2 of INBOX; in the other folders there is one message each.
        kept_back = [headline for headline in headlines if len(headlines) == 3 and headline.uid < 3]
        yield from fetch([headline for headline in headlines if headline not in kept_back])
        if kept_back:
            raise Temporary("NO [SERVERBUG]")

    def failing(desk: Desk, role: Role, state: FolderState, headline: Headline, *arguments: Any, **named: Any) -> None:
        if headline.uid == 3:
            raise KeyError("a bug")
        take(desk, role, state, headline, *arguments, **named)

    monkeypatch.setattr(hands.watch.mailbox, "fetch", withheld)
    monkeypatch.setattr(receive, "_decide", failing)
    sweep(hands)
    # What a person moves there after the sweep is not missing yet.
    hands.letter(SUBJECT, LETTER, folder="Archive")

    answer = health(hands.desk, Pulse(1, hands.now, hands.watch))

    boxes = answer["mailboxes"]
    assert isinstance(boxes, list)
    assert [(box["folder"], box["server"], box["ledger"], box["differ"]) for box in boxes] == [
        ("Sent", 0, 0, 0),
        ("INBOX", 3, 0, 3),
        ("Archive", 2, 1, 0),
        ("Junk", 1, 1, 0),
    ]
    words = "\n3 messages in INBOX have no verdict: 2 not given by the server, 1 begun and not ended, to be tried again"
    assert words in in_words(answer, "", "")


def test_status_says_which_folder_can_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = archived(tmp_path)
    opened = hands.watch.mailbox.open

    def refused(folder: str) -> FolderState:
        if folder == "Archive":
            raise Temporary("NO [CONTACTADMIN]")
        return opened(folder)

    monkeypatch.setattr(hands.watch.mailbox, "open", refused)
    answer = health(hands.desk, Pulse(1, hands.now, hands.watch))

    assert answer["state"] == "degraded"
    assert "Archive can not be read: NO [CONTACTADMIN]" in in_words(answer, "", "")
