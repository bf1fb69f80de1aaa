"""A conversation cut, stalled or garbled after every byte of it: afterwards nothing is lost, nothing went out twice, and nobody is unsure.

A letter is read, answered, told to the recruiter, and both messages are filed in Sent: that conversation is recorded once, and then held
again and again, harmed behind the next byte. Cut after every byte with `TORTURE=1` (`make torture`), a few without.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from applicants import LETTER, SUBJECT
from cutting_proxy import CuttingProxy, Direction, Harm, cutting_proxy
from imap_server import ImapServer
from servers import free_ports
from smtp_sink import SmtpServer, running_smtp
from wired import IMPATIENT, PATIENT, WiredHands

EVERY = "TORTURE" in os.environ
#: How many places of each conversation, direction and harm the fast selection has.
FEW = 3
#: How far the places of the slower harms lie apart where all are tried.
STEPS: dict[Harm, int] = {"cut": 1, "garbage": 8, "stall": 16}


@dataclass(frozen=True)
class Line:
    """Both servers, each behind its proxy."""

    imap: ImapServer
    smtp: SmtpServer
    proxies: dict[str, CuttingProxy]

    def hands(self, folder: Path) -> WiredHands:
        return WiredHands(folder, (self.imap, self.smtp), (self.proxies["imap"], self.proxies["smtp"]))


@pytest.fixture(scope="module")
def line(dovecot: ImapServer) -> Iterator[Line]:
    with ExitStack() as stack:
        sink = stack.enter_context(running_smtp(port=free_ports(1)[0]))
        ports = {"imap": dovecot.port, "smtp": sink.port}
        yield Line(dovecot, sink, {name: stack.enter_context(cutting_proxy(port)) for name, port in ports.items()})


def met_with_letter(line: Line, folder: Path) -> WiredHands:
    """Hands that have met their empty mailbox, and a letter in it."""
    hands = line.hands(folder)
    hands.turn()
    hands.watch.close()
    hands.watch.disconnect()
    hands.pass_time(minutes=1)
    hands.letter(SUBJECT, LETTER)
    return hands


@pytest.fixture(scope="module")
def lengths(line: Line, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, Direction], int]:
    """How many bytes the conversation has with each server in each direction."""
    hands = met_with_letter(line, tmp_path_factory.mktemp("recorded"))
    for proxy in line.proxies.values():
        proxy.arm("answers", 0, "nothing")
    hands.turn()
    found = {(name, direction): count for name, proxy in line.proxies.items() for direction, count in proxy.passed.items()}
    hands.end()
    assert len(hands.taken()) == 2
    assert len(line.imap.messages(hands.mailbox_user, "Sent")) == 2
    return found


@pytest.mark.parametrize("harm", ["cut", "garbage", "stall"])
@pytest.mark.parametrize("direction", ["answers", "commands"])
@pytest.mark.parametrize("server", ["imap", "smtp"])
def test_after_any_byte_nothing_is_lost_and_nothing_goes_out_twice(
    line: Line, lengths: dict[tuple[str, Direction], int], tmp_path: Path, server: str, direction: Direction, harm: Harm
) -> None:
    length = lengths[server, direction]
    places = range(0, length, STEPS[harm] if EVERY else length // FEW + 1)
    held = 0
    for place in places:
        held += trial(line, tmp_path / str(place), server, direction, harm, place)
        shutil.rmtree(tmp_path / str(place))
    print(f"{server} {direction} {harm}: {len(places)} of {length} bytes, {held} held for a person, nothing lost, nothing twice")


def trial(line: Line, folder: Path, server: str, direction: Direction, harm: Harm, place: int) -> int:
    """One turn with one harm, then healthy servers; returns how many messages wait for a person."""
    hands = met_with_letter(line, folder)
    letter = line.imap.messages(hands.mailbox_user)
    hands.patience = IMPATIENT if harm == "stall" else PATIENT
    hands.reopen()
    proxy = line.proxies[server]
    proxy.arm(direction, place, harm)
    went_well = hands.try_turn()
    struck = proxy.struck
    for each in line.proxies.values():
        each.heal()
    hands.patience = PATIENT
    hands.watch.disconnect()
    # As the same process, and as another one.
    if harm == "stall" or place % 2:
        hands.reopen()
    hands.settle()
    where = f"{server}, {harm} behind byte {place} of the {direction}"
    assert struck or went_well, where
    assert line.imap.messages(hands.mailbox_user) == letter, where
    held = check(hands, where)
    hands.end()
    return held


def check(hands: WiredHands, where: str) -> int:
    """What must be true however the conversation broke; returns how many messages wait for a person."""
    (case,) = hands.cases()
    row = hands.desk.ledger.row_of(case.messages[0].identity)
    assert row is not None, where
    assert (row.verdict, row.reference) == ("application", case.reference), where
    assert [message.kind for message in case.messages if message.direction == "in"] == ["application"], where
    assert sum(intent.purpose != "held" for intent in case.intents) == 2, where
    went = Counter(str(message["Message-ID"]) for _, message in hands.taken())
    assert went.keys() <= {intent.message_id for intent in case.intents}, where
    for intent in case.intents:
        # Held: nobody can know whether it went out, and a person is told.
        assert intent.outcome == "sent" or (intent.outcome == "held" and intent.audience == "candidate"), where
        assert went[intent.message_id] or intent.outcome != "sent", f"{where}: {intent.purpose} is called sent and went out never"
        # A notice of unknown fate may repeat, with the same Message-ID.
        assert went[intent.message_id] <= (2 if intent.audience == "staff" else 1), f"{where}: {intent.purpose} went out twice"
    held = sum(intent.outcome == "held" for intent in case.intents)
    assert sum(intent.purpose == "held" for intent in case.intents) == held, where
    filed = Counter(stored.raw for stored in hands.imap.messages(hands.mailbox_user, "Sent"))
    assert set(filed.values()) <= {1}, f"{where}: a message stands in Sent twice"
    assert len(filed) == sum(intent.outcome == "sent" for intent in case.intents), where
    assert not hands.desk.ledger.remembered("safe"), where
    return held
