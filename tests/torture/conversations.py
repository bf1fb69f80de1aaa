"""Conversations with real servers, recorded once and held again and again, each time with one harm behind one byte of it.

with ground(CONVERSATIONS["letter"]) as place:                     # servers, proxies, and the moment before the conversation, saved
    recorded(place)["imap", "answers"]                             # what is said there
    tried = trial(place, Harmed("imap", "answers", "cut", 612))    # and then healthy servers: what came of it
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from applicants import SUBJECT
from certificates import Certificates
from cutting_proxy import Direction, Harm, cutting_proxy
from hands import CANDIDATE, ROOT
from imap_server import Stored
from servers import Fault, free_ports, running_dovecot, running_smtp
from smtp_sink import Transaction
from token_server import introspection, token_server
from wired import PATIENT, Line, WiredHands

WITNESS = "job+outbox@up-advert.ru"
#: Every byte of a letter is tried: it is a short one, and so are the templates.
LETTER = "Хочу к вам."
TEMPLATE = "{% block subject %}Тест{% endblock %}{% block text %}Текст{% endblock %}\n"
#: How long a server may be silent, in seconds, where it will be; longer if the machine was busy.
_PATIENCE = (0.3, 2.0, PATIENT)
_SILENT: tuple[Harm, ...] = ("stall", "half-open")


@dataclass(frozen=True)
class Conversation:
    """One that is harmed."""

    name: str
    servers: tuple[str, ...]
    #: What the hands do before, when they have met their empty mailbox.
    before: Callable[[WiredHands], None]
    #: The conversation; yields when its bytes begin to count, and when they no longer do.
    held: Callable[[WiredHands], Iterator[None]]
    secure: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Harmed:
    """Which byte, and what happens behind it."""

    server: str
    direction: Direction
    harm: Harm
    after: int

    def __str__(self) -> str:
        return f"{self.server}: {self.harm} behind byte {self.after} of the {self.direction}"


@dataclass(frozen=True)
class Ground:
    """The moment before a conversation, and the servers that hold it."""

    conversation: Conversation
    line: Line
    folder: Path
    state: Path
    home: Path
    now: datetime
    #: What lies in INBOX.
    letters: list[Stored]
    #: What went out before.
    taken: tuple[Transaction, ...]
    numbers: Iterator[int] = field(default_factory=count)

    def hands(self, patience: float) -> WiredHands:
        """A process that finds itself at that moment, with a mailbox and a state of its own."""
        user = self.line.imap.new_user()
        self.line.imap.restore(self.home, user)
        folder = self.folder / str(next(self.numbers))
        shutil.copytree(self.state, folder / "state")
        hands = WiredHands(folder, self.line, self.folder, user=user, patience=patience, **self.conversation.changes)
        hands.now = self.now
        hands.begin()
        return hands

    def cleared(self, hands: WiredHands) -> None:
        shutil.rmtree(hands.settings.state_dir.parent)
        shutil.rmtree(self.line.imap.home(hands.mailbox_user))


@dataclass(frozen=True)
class Outcome:
    """What came of one trial."""

    where: Harmed
    messages_in: int
    records: int
    messages_out: int
    held: int
    recovery: timedelta
    #: Each begins with "lost", "twice" or another word.
    problems: tuple[str, ...]


def a_letter(hands: WiredHands) -> None:
    hands.letter(SUBJECT, LETTER)


def an_unknown_fate(hands: WiredHands) -> None:
    """The reply to the dot of the first message was lost; three looks found nothing, and now the witness's copy is there."""
    hands.line.smtp.script("DOT", Fault(accept=True))
    a_letter(hands)
    for minutes in (0, 2, 4, 10):
        hands.rest(minutes=minutes)
        hands.turn()
    assert [entry.state for entry in hands.desk.outbox.entries()].count("unknown") == 1
    (copied,) = (each for each in hands.line.smtp.transactions if each.rcpt == (CANDIDATE, WITNESS))
    hands.put_raw(copied.data)
    hands.pass_time(minutes=45)


def a_turn(hands: WiredHands) -> Iterator[None]:
    yield
    hands.turn()
    yield


def a_look(hands: WiredHands) -> Iterator[None]:
    hands.watch.connect()
    hands.watch.read()
    yield
    hands.watch.work()
    yield


def idling(hands: WiredHands) -> Iterator[None]:
    """A letter comes while IDLE waits for one."""
    calls = count()

    def stop() -> bool:
        # Asked before IDLE, and then within it.
        if next(calls) == 1:
            a_letter(hands)
        return False

    hands.turn()
    mailbox = hands.watch.mailbox
    mailbox.open("INBOX")
    yield
    try:
        mailbox.wait(2, stop)
    finally:
        if next(calls) < 2:
            a_letter(hands)
    yield
    hands.turn()


def logging_in(hands: WiredHands) -> Iterator[None]:
    yield
    hands.watch.connect()
    hands.watch.submission.check()
    yield
    hands.turn()


CONVERSATIONS = {
    each.name: each
    for each in (
        Conversation("letter", ("imap", "smtp"), a_letter, a_turn),
        Conversation("witness", ("smtp",), a_letter, a_turn, changes={"smtp_witness": WITNESS}),
        Conversation("last look", ("imap",), an_unknown_fate, a_look, changes={"smtp_witness": WITNESS}),
        Conversation("idle", ("imap",), lambda hands: None, idling),
        Conversation("login", ("imap", "smtp", "tokens"), a_letter, logging_in, secure=True),
    )
}


@contextmanager
def ground(conversation: Conversation) -> Iterator[Ground]:
    """Its servers, started; gone afterwards. Nothing waits for the disk: the process goes on, whatever happens to its connections."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailbot-cuts-")))
        line = _line(conversation, stack)
        # Reading the system's authorities takes 40 ms for each connection.
        stack.enter_context(patch.dict(os.environ, {"SSL_CERT_FILE": line.imap.ca_file}))
        stack.enter_context(patch.object(os, "fsync", lambda descriptor: None))
        _make_templates(folder)
        hands = WiredHands(folder / "before", line, folder, **conversation.changes)
        hands.turn()
        hands.watch.close()
        hands.pass_time(minutes=1)
        conversation.before(hands)
        hands.end()
        home = line.imap.home(hands.mailbox_user)
        yield Ground(conversation, line, folder, hands.settings.state_dir, home, hands.now, _inbox(hands), line.smtp.settle())


def recorded(place: Ground) -> dict[tuple[str, Direction], bytes]:
    """The conversation as nobody harms it: what is said to and by each server."""
    hands = place.hands(PATIENT)
    steps = place.conversation.held(hands)
    next(steps)
    for proxy in place.line.proxies.values():
        proxy.arm("answers", 0, "nothing")
    next(steps)
    said = {
        (name, direction): bytes(said) for name in place.conversation.servers for direction, said in place.line.proxies[name].said.items()
    }
    list(steps)
    letters = _inbox(hands)
    hands.settle()
    hands.end()
    taken = (*place.taken, *place.line.smtp.settle())
    assert not [*broken(hands, taken, letters, 0)]
    assert len(taken) == 2
    place.cleared(hands)
    return said


def trial(place: Ground, where: Harmed) -> Outcome:
    """The conversation with one harm, then healthy servers."""
    for patience in _PATIENCE if where.harm in _SILENT else (PATIENT,):
        hands = place.hands(patience)
        steps = place.conversation.held(hands)
        next(steps)
        proxy = place.line.proxies[where.server]
        proxy.arm(where.direction, where.after, where.harm)
        went_well = hands.try_this(partial(list, steps))
        struck = proxy.struck
        place.line.heal()
        taken = [*place.line.smtp.settle()]
        if struck or went_well:
            break
        # A machine that is busy was taken for a silent server, before anything was done to anybody.
        hands.end()
        place.cleared(hands)
    # Where the letter came within the conversation it lies there now.
    letters = place.letters or _inbox(hands)
    copies = [each.data for each in taken if WITNESS in each.rcpt]
    for copy in copies:
        hands.put_raw(copy)
    hands.patience = PATIENT
    hands.watch.disconnect()
    # As the same process, and as another one.
    if where.harm in _SILENT or where.after % 2:
        hands.reopen()
    problems = [] if struck or went_well else ["the turn failed before the harm was done"]
    recovery = timedelta()
    try:
        recovery = hands.settle()
    except AssertionError as error:
        problems.append(str(error))
    hands.end()
    taken += place.line.smtp.settle()
    # A server that hears nonsense refuses what it takes it for.
    refused = (where.server, where.direction, where.harm) == ("smtp", "commands", "garbage")
    problems += broken(hands, (*place.taken, *taken), letters, len(copies), may_be_refused=refused)
    records = hands.cases()
    outcome = Outcome(
        where,
        len(letters),
        len(records),
        len(taken),
        sum(intent.outcome == "held" for case in records for intent in case.intents),
        recovery,
        tuple(f"{place.conversation.name}, {where}: {words}" for words in problems),
    )
    place.cleared(hands)
    return outcome


def broken(
    hands: WiredHands, taken: Sequence[Transaction], letters: list[Stored], copies: int, *, may_be_refused: bool = False
) -> Iterator[str]:
    """What is not as it must be, however the conversation broke."""
    folders = hands.line.imap.folders(hands.mailbox_user, ("INBOX", "Sent"))
    if folders["INBOX"][: len(letters)] != letters or len(folders["INBOX"]) != len(letters) + copies:
        yield "lost: INBOX is not as it was"
    cases = hands.cases()
    if len(cases) != 1:
        yield f"lost: there are {len(cases)} records of one letter"
        return
    (case,) = cases
    row = hands.desk.ledger.row_of(case.messages[0].identity)
    if row is None or (row.verdict, row.reference) != ("application", case.reference):
        yield f"lost: the verdict on the letter is {row and row.verdict}"
    if (kinds := [message.kind for message in case.messages if message.direction == "in"]) != ["application"]:
        yield f"the record holds {kinds}"
    if sum(intent.purpose not in {"held", "undelivered"} for intent in case.intents) != 2:
        yield f"lost: decided was {[intent.purpose for intent in case.intents]}"
    went = Counter(str(message_from_bytes(each.data)["Message-ID"]) for each in taken)
    if not went.keys() <= {intent.message_id for intent in case.intents}:
        yield "something went out that nobody decided"
    copied = {str(message_from_bytes(each.data)["Message-ID"]) for each in taken if WITNESS in each.rcpt}
    for intent in case.intents:
        # Held: nobody can know whether it went out, and a person is told. Failed: it certainly did not, and a person is told.
        held = intent.outcome == "held" and intent.audience == "candidate"
        failed = intent.outcome == "failed" and may_be_refused and not went[intent.message_id]
        if not (intent.outcome == "sent" or held or failed):
            yield f"lost: {intent.purpose} ended as {intent.outcome or 'nothing'}"
        if intent.outcome == "sent" and not went[intent.message_id]:
            yield f"lost: {intent.purpose} is called sent and never went out"
        if intent.outcome == "held" and intent.message_id in copied:
            yield f"{intent.purpose} is held, though its copy is there"
        # A notice of unknown fate may repeat, with the same Message-ID.
        if went[intent.message_id] > (2 if intent.audience == "staff" else 1):
            yield f"twice: {intent.purpose} went out {went[intent.message_id]} times"
    outcomes = Counter(intent.outcome for intent in case.intents)
    told = Counter(intent.purpose for intent in case.intents)
    # Told of, too: what could not be looked for within the hour, though it is found later.
    if not outcomes["held"] <= told["held"] <= 1 or told["undelivered"] != outcomes["failed"]:
        yield f"a person was told otherwise: {dict(told)} of {dict(outcomes)}"
    if hands.desk.ledger.remembered("safe"):
        yield "it is in safe mode"
    filed = Counter(stored.raw for stored in folders["Sent"])
    if any(number > 1 for number in filed.values()):
        yield "twice: a message stands in Sent two times"
    if len(filed) != sum(intent.outcome == "sent" for intent in case.intents):
        yield f"{len(filed)} messages stand in Sent"


def _inbox(hands: WiredHands) -> list[Stored]:
    return hands.line.imap.messages(hands.mailbox_user)


def _make_templates(folder: Path) -> None:
    for language in ("ru", "en"):
        (folder / language).mkdir()
        for template in (ROOT / "templates" / language).glob("[!_]*.j2"):
            (folder / language / template.name).write_text(TEMPLATE, encoding="utf-8")


def _line(conversation: Conversation, stack: ExitStack) -> Line:
    dovecot = stack.enter_context(running_dovecot())
    certificates = Certificates(*(Path(dovecot.ca_file).with_name(name) for name in ("ca.pem", "server.pem", "server.key")))
    smtp = stack.enter_context(
        running_smtp(
            port=free_ports(1)[0],
            username="job@up-advert.ru" if conversation.secure else "",
            security="starttls" if conversation.secure else "none",
            context=certificates.server_context(),
        )
    )
    ports = {"imap": dovecot.port, "smtp": smtp.port}
    seller = None
    if conversation.secure:
        seller = stack.enter_context(token_server(certificates, "refresh-1-" + "r3f" * 10))
        stack.enter_context(introspection(seller, dovecot.introspection_port))
        ports["tokens"] = seller.port
    return Line(dovecot, smtp, {name: stack.enter_context(cutting_proxy(port)) for name, port in ports.items()}, seller)
