"""The key: the same input gives the same name, anything else another, and nobody else can make one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from mailbot.errors import Permanent
from mailbot.hiring.model import Address, Message
from mailbot.records.key import Key, open_key

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
KEY = Key(bytes(range(32)))
MESSAGE = Message(
    headers=(),
    sender=Address("Мария", "maria@mail.example"),
    recipients=(),
    reply_to=(),
    subject="Отклик на вакансию",
    text="",
    html="",
    attachments=(),
    message_id="<1@mail.example>",
    in_reply_to=(),
    references=(),
    date=NOW,
    parts=("text/plain",),
    body_digest="00" * 32,
)


def test_the_first_use_makes_a_private_key_and_the_next_reads_it(tmp_path: Path) -> None:
    assert open_key(tmp_path / "state") == open_key(tmp_path / "state")
    assert (tmp_path / "state" / "key").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in (tmp_path / "state").iterdir()] == ["key"]
    assert open_key(tmp_path / "other") != open_key(tmp_path / "state")


def test_a_loose_key_is_made_private(tmp_path: Path) -> None:
    open_key(tmp_path)
    (tmp_path / "key").chmod(0o644)
    open_key(tmp_path)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(Permanent, match="the key is damaged"):
        open_key(tmp_path)


def test_a_lost_key_is_not_replaced_while_there_is_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").touch()
    with pytest.raises(Permanent, match="the key is missing"):
        open_key(tmp_path)
    assert not (tmp_path / "key").exists()


def test_the_secret_is_never_shown() -> None:
    assert "\\x1f" not in repr(KEY)


def test_the_same_message_has_the_same_identity_however_it_is_folded_or_zoned() -> None:
    other = replace(
        MESSAGE,
        subject="Отклик  на\tвакансию ",
        message_id=" <1@mail.example>",
        sender=Address("M. I.", "maria@mail.example"),
        date=NOW.astimezone(timezone(timedelta(hours=5))),
    )
    assert KEY.identity(other) == KEY.identity(MESSAGE)
    assert len(KEY.identity(MESSAGE)) == 32


@pytest.mark.parametrize(
    "other",
    [
        replace(MESSAGE, body_digest="11" * 32),
        replace(MESSAGE, message_id=""),
        replace(MESSAGE, subject="Отклик"),
        replace(MESSAGE, date=None),
        replace(MESSAGE, sender=None),
        replace(MESSAGE, message_id="<1@mail.example>maria@mail.example", sender=None),
    ],
)
def test_another_message_has_another_identity(other: Message) -> None:
    assert KEY.identity(other) != KEY.identity(MESSAGE)


def test_another_key_gives_another_identity() -> None:
    assert Key(bytes(32)).identity(MESSAGE) != KEY.identity(MESSAGE)


def test_an_unreadable_subject_still_has_an_identity() -> None:
    assert KEY.identity(replace(MESSAGE, subject="\udcff"))


def test_a_reference_can_be_read_aloud_and_has_others_to_fall_back_on() -> None:
    references = {KEY.reference(f"{number:032x}", attempt) for number in range(200) for attempt in range(2)}
    assert len(references) > 395
    assert all(len(each) == 7 and each.startswith("A-") and not set("ILOU") & set(each[2:]) for each in references)


def test_an_intent_is_the_same_for_the_same_and_another_for_anything_else() -> None:
    intent = KEY.intent("A-7F3K9", "questions", "maria@mail.example", "cause")
    assert intent == KEY.intent("A-7F3K9", "questions", "maria@mail.example", "cause")
    assert len(intent) == 16
    assert set(intent) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert intent != KEY.intent("A-7F3K9", "questions", "maria@mail.examplec", "ause")


def test_a_token_counts_for_this_notice_alone() -> None:
    token = KEY.token("intent", "A-7F3K9", "anna@office.example", "notice", NOW)
    assert len(token) == 32
    assert KEY.is_token(token, "intent", "A-7F3K9", "anna@office.example", purpose="notice", expires=NOW)
    assert not KEY.is_token(token, "intent", "A-7F3K8", "anna@office.example", purpose="notice", expires=NOW)
    assert not KEY.is_token(token, "intent", "A-7F3K9", "ivan@office.example", purpose="notice", expires=NOW)
    assert not KEY.is_token(token, "intent", "A-7F3K9", "anna@office.example", purpose="notice", expires=NOW + timedelta(days=1))
    assert not KEY.is_token("ключ", "intent", "A-7F3K9", "anna@office.example", purpose="notice", expires=NOW)
    assert KEY.letter("intent") != token


def test_a_mark_is_known_again_and_can_not_be_guessed() -> None:
    mark = KEY.mark("abcdefghij234567")
    assert KEY.is_mark(mark)
    assert KEY.is_mark(f" {mark} ")
    for other in ("", "abcdefghij234567", mark[:-1], mark.replace("a", "b", 1), Key(bytes(32)).mark("abcdefghij234567"), "\udcff.x"):
        assert not KEY.is_mark(other)


def test_a_hash_stands_for_an_address_whatever_its_case() -> None:
    assert KEY.hash("Maria@Mail.example") == KEY.hash("maria@mail.example")
    assert len(KEY.hash("x")) == 16
    assert KEY.hash("x") != KEY.hash("y")
