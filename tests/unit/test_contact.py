"""Contact with a mailbox: what its UIDs mean, which of its letters are old, and when it is another one."""

from __future__ import annotations

from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from hands import Hands, met

from mailbot.service.health import health, this_process
from mailbot.tasks.watch import SWEEP_SECONDS


def write(hands: Hands, number: int, folder: str = "INBOX") -> None:
    hands.letter(SUBJECT, LETTER, sender=f"Мария Петрова <maria{number}@mail.ru>", folder=folder)


def answered(hands: Hands, *numbers: int) -> list[int]:
    """How many messages each of these candidates got."""
    return [len(hands.sent_to(f"maria{number}@mail.ru")) for number in numbers]


def restored(hands: Hands, kept: int, folder: str = "INBOX") -> None:
    """The mail server comes back out of its own backup: UIDVALIDITY is the same, and the UIDs of what is lost are given once more."""
    there = hands.server.folder(hands.user, folder)
    there.stored = there.stored[:kept]
    there.uidnext = kept + 1


@pytest.mark.parametrize("since", [0, 1, 2, 5])
def test_letters_under_uids_that_were_given_before_are_read(tmp_path: Path, since: int) -> None:
    hands = met(tmp_path)
    for number in range(3):
        write(hands, number)
    hands.turn()
    restored(hands, 1)
    for number in range(since):
        hands.pass_time(minutes=1)
        write(hands, 10 + number)
    hands.turn()
    hands.pass_time(minutes=1)
    write(hands, 20)
    hands.turn()
    hands.reopen()
    hands.desk.ledger.compact()
    hands.turn()

    assert answered(hands, 0, 1, 2) == [1, 1, 1]
    assert answered(hands, *range(10, 10 + since), 20) == [1] * (since + 1)
    assert set(hands.verdicts().values()) == {"duplicate", "application"}
    (inbox,) = (box for box in health(hands.desk, this_process(hands.now, hands.watch))["mailboxes"] if box["folder"] == "INBOX")  # type: ignore[attr-defined]
    assert (inbox["server"], inbox["differ"]) == (since + 2, 0)


def test_a_folder_that_is_only_swept_is_looked_through_anew_when_its_uids_go_back(tmp_path: Path) -> None:
    hands = met(tmp_path)
    for number in range(2):
        write(hands, number, "Junk")
    hands.turn()
    hands.watch.swept_at = -SWEEP_SECONDS
    hands.turn()
    assert hands.verdicts("Junk") == {1: "junk", 2: "junk"}
    restored(hands, 0, "Junk")
    hands.pass_time(minutes=70)
    write(hands, 3, "Junk")

    hands.watch.swept_at = -SWEEP_SECONDS
    hands.turn()

    row = hands.desk.ledger.verdict_of("Junk", 1, 1)
    assert row
    assert row.arrived == hands.now
    assert row.identity
