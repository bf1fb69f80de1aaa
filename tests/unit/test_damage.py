"""Damaged journals: whatever is lost of them, mailbot is in safe mode with the rest, and after `resume` nobody is written to twice."""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hands import CANDIDATE, Hands, N, met

from mailbot.errors import Permanent, Temporary
from mailbot.mail.smtp import Outcome
from mailbot.records.journal import Journal
from mailbot.records.outbox import Outbox
from mailbot.records.salvage import mend
from mailbot.tasks.modes import safe_mode
from mailbot.tasks.orders import carry_out_order
from mailbot.tasks.start import start
from mailbot.tasks.watch import Watch

SUBJECT = "Отклик на вакансию «Аккаунт-менеджер стажёр»"
LETTER = "Здравствуйте!\n\nХочу у вас работать: люблю договариваться с людьми.\n"
UNKNOWN, WAITING, LATER = "anna@mail.ru", "boris@mail.ru", "vera@mail.ru"
LOST = Outcome("unknown", None, "the connection broke")
GREYLISTED = Outcome("retry", 451, "later")


class Before:
    """A state with a message of each fate, and what the servers know; each trial begins with a copy of all three."""

    def __init__(self, folder: Path) -> None:
        hands = met(folder)
        hands.letter(SUBJECT, LETTER)
        hands.turn()
        hands.pass_time(minutes=1)
        hands.turn()
        for sender, fate in ((UNKNOWN, LOST), (WAITING, GREYLISTED)):
            hands.pass_time(minutes=1)
            hands.letter(SUBJECT, LETTER, sender=sender)
            hands.submission.script(fate)
            hands.turn()
        states = [entry.state for entry in hands.desk.outbox.entries() if entry.purpose == "questions"]
        assert states == ["sent", "unknown", "retry"]
        # Came while mailbot was stopped.
        hands.pass_time(minutes=1)
        hands.letter(SUBJECT, LETTER, sender=LATER)
        hands.desk.close()
        self.hands = hands
        self.state = folder / "kept"
        shutil.copytree(hands.settings.state_dir, self.state)
        self.folders = copy.deepcopy(hands.server._users)
        self.sent = tuple(hands.submission.sent)
        self.now = hands.now

    def again(self) -> Hands:
        """The hands as they were, with nothing open."""
        hands = self.hands
        shutil.rmtree(hands.settings.state_dir)
        shutil.copytree(self.state, hands.settings.state_dir)
        hands.server._users = copy.deepcopy(self.folders)
        hands.submission.sent = list(self.sent)
        hands.now = self.now
        return hands


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cut off here, so nothing has to be on the disk."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Before]:
    before = Before(tmp_path_factory.mktemp("damage"))
    yield before
    before.hands.desk.close()


def started(hands: Hands) -> None:
    """A start of the process, which has only the state folder and the servers."""
    templates, reader = hands.desk.templates, hands.desk.reader
    opened = start(hands.settings, lambda: hands.now, hands._boottime)
    hands.desk = replace(opened, templates=templates, reader=reader)
    hands.watch = Watch(hands.desk, hands.watch.mailbox, hands.watch.submission, between=lambda: None)


def resumed(hands: Hands) -> None:
    assert "safe mode is over" in carry_out_order(hands.desk, "resume", {}, "1")


def turns(hands: Hands) -> None:
    """Longer than anything is looked for."""
    for minutes in (1, 2, 5, 20, 40, 10):
        hands.pass_time(minutes=minutes)
        hands.turn()


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def damaged(line: bytes) -> bytes:
    return line[:20] + bytes([line[20] ^ 1]) + line[21:]


def nobody_twice(hands: Hands, where: str) -> None:
    for address in (CANDIDATE, UNKNOWN, WAITING, LATER):
        assert len(hands.sent_to(address)) <= 1, f"{address}: {where}"
    # What came later is as new as ever, and nobody is forgotten: a person has it who was not written to.
    assert len(hands.sent_to(LATER)) == 1, where
    held = {hands.desk.store.load(entry.reference).intents[0].to for entry in hands.desk.outbox.entries() if entry.state == "held"}
    assert hands.sent_to(WAITING) or WAITING in held, where
    assert len(hands.cases()) == 4, where
    ids = [message["Message-ID"] for message in hands.sent_to("recruiter@example.org")]
    assert len(set(ids)) <= 4 + len(held), where


def trial(hands: Hands, where: str, damages: int = 1) -> None:
    """Start, turn, resume, turn on; looked at in between."""
    answered = {address: len(hands.sent_to(address)) for address in (CANDIDATE, UNKNOWN, WAITING, LATER)}
    alarms = len(hands.sent_to(N))
    started(hands)
    assert safe_mode(hands.desk), where
    hands.turn()
    hands.pass_time(minutes=10)
    hands.turn()
    assert answered == {address: len(hands.sent_to(address)) for address in answered}, where
    assert len(hands.cases()) == 4, where
    assert len(hands.sent_to(N)) == alarms + damages, where
    resumed(hands)
    turns(hands)
    hands.desk.ledger.close()
    hands.desk.outbox.close()
    nobody_twice(hands, where)


@pytest.mark.parametrize("name", ["ledger.jsonl", "outbox.jsonl"])
def test_after_any_damaged_line_nobody_is_written_to_twice(before: Before, name: str) -> None:
    whole = lines(before.state / name)
    for number in range(len(whole)):
        hands = before.again()
        path = hands.settings.state_dir / name
        path.write_bytes(b"".join([*whole[:number], damaged(whole[number]), *whole[number + 1 :]]))
        trial(hands, f"line {number + 1} of {name}")
        (evidence,) = hands.settings.state_dir.glob(f"{name}.corrupt-*")
        assert evidence.stat().st_mode & 0o777 == 0o600
        assert lines(evidence)[number] == damaged(whole[number])


def hole(content: bytes) -> bytes:
    """What a power cut leaves of blocks that were never written."""
    third = len(content) // 3
    return content[:third] + bytes(third) + content[2 * third :]


def cut_in_the_middle(content: bytes) -> bytes:
    return content[: len(content) // 2]


DAMAGES = [hole, cut_in_the_middle, lambda content: b"", lambda content: b"\0" * len(content) + b"\n"]


@pytest.mark.parametrize("damage", DAMAGES, ids=["hole", "cut", "empty", "zeros"])
@pytest.mark.parametrize("name", ["ledger.jsonl", "outbox.jsonl"])
def test_after_any_damage_nobody_is_written_to_twice(before: Before, name: str, damage: Callable[[bytes], bytes]) -> None:
    hands = before.again()
    path = hands.settings.state_dir / name
    path.write_bytes(damage(path.read_bytes()))
    if damage is cut_in_the_middle and name == "ledger.jsonl":
        # It is a ledger that was.
        started(hands)
        turns(hands)
        nobody_twice(hands, name)
    else:
        trial(hands, name)


@pytest.mark.parametrize("count", range(1, 6))
@pytest.mark.parametrize("name", ["ledger.jsonl", "outbox.jsonl"])
def test_a_tail_that_stands_there_twice_sends_nobody_anything_twice(before: Before, name: str, count: int) -> None:
    hands = before.again()
    path = hands.settings.state_dir / name
    path.write_bytes(b"".join([*lines(path), *lines(path)[-count:]]))
    started(hands)
    if safe_mode(hands.desk):
        resumed(hands)
    turns(hands)
    nobody_twice(hands, f"{count} lines of {name}")


def test_whatever_is_missing_at_the_end_of_the_outbox_is_seen_by_the_records(before: Before) -> None:
    whole = lines(before.state / "outbox.jsonl")
    for number in range(len(whole)):
        hands = before.again()
        (hands.settings.state_dir / "outbox.jsonl").write_bytes(b"".join(whole[:number]))
        started(hands)
        if safe_mode(hands.desk):
            resumed(hands)
        turns(hands)
        nobody_twice(hands, f"the first {number} lines")


def test_every_flipped_bit_loses_the_lines_that_it_lies_in_and_no_other(before: Before, tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    whole = b"".join(lines(before.state / "outbox.jsonl")[2:6])
    path.write_bytes(whole)
    said = list(Journal(path).sound())
    for place, byte in enumerate(whole):
        number = whole[:place].count(b"\n")
        for bit in range(8):
            path.write_bytes(whole[:place] + bytes([byte ^ 1 << bit]) + whole[place + 1 :])
            found = [event for event in Journal(path).sound() if event]
            # Without its newline a line is one with the next.
            lost = 2 if byte == 10 and number < 3 else 1
            assert found == said[:number] + said[number + lost :], f"byte {place}"


def test_no_two_damaged_lines_invent_that_a_message_was_sent_or_forget_that_it_may_have_been(before: Before, tmp_path: Path) -> None:
    whole = lines(before.state / "outbox.jsonl")
    truth = {entry.id: entry.state for entry in Outbox(before.state / "outbox.jsonl", writer=False).entries()}
    for first in range(len(whole)):
        for second in range(first, len(whole)):
            (tmp_path / "ledger.jsonl").unlink(missing_ok=True)
            rest = [line for number, line in enumerate(whole) if number not in (first, second)]
            (tmp_path / "outbox.jsonl").write_bytes(b"".join([*rest, b"\0" * 40 + b"\n"]))
            assert mend(tmp_path, before.now)
            for entry in Outbox(tmp_path / "outbox.jsonl", writer=False).entries():
                assert entry.state != "sent" or truth[entry.id] == "sent", f"lines {first + 1} and {second + 1}"
                # One of the lost lines may have said that it went out.
                assert entry.state not in ("planned", "retry"), f"lines {first + 1} and {second + 1}"


def test_what_a_newer_mailbot_wrote_into_a_damaged_journal_is_refused_and_nothing_is_changed(before: Before) -> None:
    for name, event in (
        ("ledger.jsonl", {"event": "moved", "at": "2026-11-23T05:30:00.000000Z", "folder": "INBOX", "uidvalidity": 1}),
        ("outbox.jsonl", {"event": "recalled", "id": "frh33x5qq4wy6yk7", "at": "2026-11-23T05:30:00.000000Z", "reason": "", "next": None}),
    ):
        state = before.again().settings.state_dir
        path = state / name
        journal = Journal(path)
        journal.append(event)
        journal.close()
        path.write_bytes(damaged(path.read_bytes()[:-1]) + b"\n")
        kept = path.read_bytes()
        with pytest.raises(Permanent, match="Upgrade mailbot"):
            mend(state, before.now)
        assert path.read_bytes() == kept
        assert not list(state.glob("*corrupt*")) or path.samefile(next(state.glob("*corrupt*")))


@pytest.mark.parametrize("method", ["hardlink_to", "rename", "chmod"])
def test_a_start_that_the_disk_stops_while_it_mends_is_begun_anew(before: Before, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    hands = before.again()
    for name in ("ledger.jsonl", "outbox.jsonl"):
        path = hands.settings.state_dir / name
        path.write_bytes(damaged(path.read_bytes()))
    works = getattr(Path, method)
    # The last of the calls that mending makes, then the one before it, and so on.
    for number in reversed(range(4)):
        with monkeypatch.context() as patched:
            calls = iter(range(100))

            def stops(*arguments: object, number: int = number, calls: Iterator[int] = calls, **more: object) -> object:
                if next(calls) == number:
                    raise OSError(5, "Input/output error")
                return works(*arguments, **more)

            patched.setattr(Path, method, stops)
            with suppress(Temporary):
                mend(hands.settings.state_dir, hands.now)
    trial(hands, method)
    assert len(list(hands.settings.state_dir.glob("*.corrupt-*"))) == 2
