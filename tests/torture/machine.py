"""The world around mailbot as a Hypothesis state machine: candidates, robots, recruiters, a person in the mailbox, faults, clocks, backups.

After every turn that nobody hinders the invariants hold:

    I1  every letter that was in the mailbox at a reading is filed once, and has one verdict
    I2  no message to a candidate goes out twice; one to staff only where its fate was unknown
    I3  every intent is sent, failed, held, dropped or pending
    I4  nothing goes to an address that only machines write from
    I5  what is called sent was taken by the submission server
    I6  the state can be opened, after every stop
    I7  no log line holds a name, an address or a subject
    I8  no flag and no message of a person's folder is changed
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from unittest.mock import patch

from applicants import ANSWERS, LETTER, SUBJECT
from hands import JOB, RECRUITER, Hands, met
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mailbot.errors import MailbotError, Temporary
from mailbot.hiring.case import Case, Intent
from mailbot.mail.smtp import Outcome
from mailbot.records import files, storage
from mailbot.records.journal import Journal
from mailbot.tasks.held import resend
from mailbot.tasks.modes import leave_safe_mode, safe_mode

#: Given names that stand in no other text, to be looked for in the log.
CANDIDATES = {"Зоя Кречетова": "zoya.krechetova@mail.ru", "Лев Чижиков": "lev@chizhikov.example"}
MACHINES = {
    "bounce": ("MAILER-DAEMON@mx.example", {"Auto-Submitted": "auto-replied"}),
    "list": ("digest@lists.example", {"List-Id": "<jobs.lists.example>"}),
    "no_reply": ("noreply@board.example", {}),
    "away": ("away@bureau.example", {"Auto-Submitted": "auto-replied"}),
    "bulk": ("sale@shop.example", {"Precedence": "bulk"}),
}
QUESTION = "Здравствуйте! А какая у вас зарплата?"
VERDICTS = [
    Outcome("sent", 250, "2.0.0 taken"),
    Outcome("retry", 451, "4.7.1 greylisted"),
    Outcome("retry", None, "no answer"),
    Outcome("failed", 550, "5.1.1 no such user"),
    Outcome("unknown", None, "the connection broke"),
    Outcome("retry", 535, "5.7.8 bad login", account_fault=True),
]
_IMAP = ("connect", "folders", "open", "headlines", "fetch", "find", "append", "noop")


class Stopped(BaseException):
    """The process is killed here."""


class Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {vars(record)}" if not record.exc_info else self.format(record))


class World(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="mailbot-machine-"))
        self.log = Log()
        logging.getLogger("mailbot").addHandler(self.log)
        self.hands: Hands = met(self.folder, smtp_files_sent=False)
        self.hands.server.create_folder(self.hands.user, "Shelf")
        #: Message-IDs of what was in INBOX when it was read to the end, since the state began.
        self.read: set[str] = set()
        #: Ids of intents that a person has had sent again.
        self.resent: set[str] = set()
        #: Whether everything that came was seen by a turn that nobody hindered.
        self.turned = True
        #: Whether a backup was restored and Sent not read to the end since.
        self.unproven = False
        self.a_backup_is_made()

    def teardown(self) -> None:
        self.hands.desk.close()
        logging.getLogger("mailbot").removeHandler(self.log)
        shutil.rmtree(self.folder)

    # What comes

    @rule(who=st.sampled_from(sorted(CANDIDATES)), opening=st.sampled_from(["Аккаунт-менеджер стажёр", "Аккаунт-менеджер"]))
    def a_candidate_applies(self, who: str, opening: str) -> None:
        self._came(self.hands.letter(f"Отклик на вакансию «{opening}»", LETTER, sender=f"{who} <{CANDIDATES[who]}>"))

    @rule(
        who=st.sampled_from(sorted(CANDIDATES)),
        text=st.sampled_from([ANSWERS, QUESTION, "Спасибо, отвечу завтра.", "Решение во вложении."]),
    )
    def a_candidate_answers(self, who: str, text: str) -> None:
        got = self.hands.sent_to(CANDIDATES[who])
        if got:
            self._came(self.hands.letter(f"Re: {SUBJECT}", text, sender=f"{who} <{CANDIDATES[who]}>", answers=got[-1]))

    @rule(what=st.sampled_from(sorted(MACHINES)))
    def a_machine_writes(self, what: str) -> None:
        sender, headers = MACHINES[what]
        self._came(self.hands.letter(SUBJECT, "Не отвечайте на это письмо.", sender=sender, headers=headers))

    @rule(who=st.sampled_from(sorted(CANDIDATES)))
    def a_candidate_is_away(self, who: str) -> None:
        got = self.hands.sent_to(CANDIDATES[who])
        if got:
            away = {"Auto-Submitted": "auto-replied (vacation)"}
            self._came(self.hands.letter("Автоответ", "Я в отпуске.", sender=f"{who} <{CANDIDATES[who]}>", answers=got[-1], headers=away))

    @rule(text=st.sampled_from(["Здравствуйте! Напишем вам завтра.", "Зарплата — по договорённости."]))
    def a_recruiter_answers_a_notice(self, text: str) -> None:
        notices = self.hands.sent_to(RECRUITER)
        if notices:
            subject = f"Re: {notices[-1]['Subject']}"
            self._came(self.hands.letter(subject, text, sender=RECRUITER, answers=notices[-1]))

    @rule(who=st.sampled_from(sorted(CANDIDATES)))
    def a_person_answers_from_the_shared_mailbox(self, who: str) -> None:
        got = self.hands.sent_to(CANDIDATES[who])
        if got:
            self.hands.letter(f"Re: {SUBJECT}", "Позвоним вам.", sender=JOB, to=CANDIDATES[who], answers=got[-1], folder="Sent")
            self.turned = False

    # A person in the mailbox

    @rule(number=st.integers(0, 9), what=st.sampled_from(["reads", "flags", "deletes", "moves"]))
    def a_person_is_in_the_mailbox(self, number: int, what: str) -> None:
        server, user = self.hands.server, self.hands.user
        stored = server.messages(user)
        if not stored:
            return
        message = stored[number % len(stored)]
        if what in ("reads", "flags"):
            folder = server.folder(user, "INBOX")
            flag = r"\Seen" if what == "reads" else r"\Flagged"
            folder.stored = [replace(each, flags=each.flags | {flag}) if each.uid == message.uid else each for each in folder.stored]
        else:
            server.expunge(user, message.uid)
            if what == "moves":
                server.append(user, message.raw, self.hands.now, "Shelf", tuple(message.flags))

    @rule(folder=st.sampled_from(["INBOX", "Sent"]))
    def the_server_renumbers(self, folder: str) -> None:
        self.hands.server.renumber(self.hands.user, folder)
        self.turned = False

    # Faults

    @rule(outcomes=st.lists(st.sampled_from(VERDICTS), min_size=1, max_size=3))
    def the_submission_server_will_say(self, outcomes: list[Outcome]) -> None:
        self.hands.submission.script(*outcomes)

    @rule(method=st.sampled_from(_IMAP))
    def the_mailbox_fails_once(self, method: str) -> None:
        self.hands.server.fail(method, Temporary("the connection is lost"))
        if method == "fetch" and self.unproven:
            # Not held yet: a Sent folder that can be listed and not fetched, at the first look after a restored backup, proves nothing.
            method = "headlines"
        if method == "connect":
            self.hands.watch.disconnect()
        with suppress(MailbotError):
            self.hands.turn()
        self.hands.server.heal()
        self.hands.watch.disconnect()
        self.turned = False

    @rule(at=st.integers(1, 30), error=st.sampled_from([Stopped(), Temporary("the disk is full")]))
    def a_write_fails(self, at: int, error: BaseException) -> None:
        with interrupted(at, error), suppress(MailbotError, Stopped):
            self.hands.turn()
        self.hands.watch.disconnect()
        if isinstance(error, Stopped):
            self.hands.reopen()
        self.turned = False

    @rule()
    def the_process_is_killed(self) -> None:
        self.hands.reopen()

    # Time

    @rule(minutes=st.sampled_from([1, 6, 20, 70]))
    def minutes_pass(self, minutes: int) -> None:
        self._pass(minutes=minutes)

    @rule(days=st.integers(1, 4))
    def days_pass(self, days: int) -> None:
        self._pass(days=days)

    # Backups

    @precondition(lambda self: self.turned)
    @rule()
    def a_backup_is_made(self) -> None:
        place = self.folder / "backup"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.hands.settings.state_dir, place)
        self.backup = (place, set(self.read))

    @precondition(lambda self: bool(self.hands.submission.sent) and self._all_filed())
    @rule()
    def the_backup_is_restored(self) -> None:
        place, read = self.backup
        self.hands.desk.close()
        shutil.rmtree(self.hands.settings.state_dir)
        shutil.copytree(place, self.hands.settings.state_dir)
        self.read = set(read)
        self.unproven = True
        self.hands.watch.disconnect()
        self.hands.reopen()
        self.turned = False

    # People at the machine

    @precondition(lambda self: bool(safe_mode(self.hands.desk)) and self.turned)
    @rule()
    def a_person_resumes(self) -> None:
        leave_safe_mode(self.hands.desk)

    @rule()
    def a_person_has_what_is_held_sent_again(self) -> None:
        for entry in self.hands.desk.outbox.entries():
            if entry.state == "held":
                self.resent.add(entry.message_id)
                resend(self.hands.desk, entry.id)
                return

    # Turns

    @rule()
    def a_turn(self) -> None:
        self.hands.watch.resting_until = self.hands.watch.filing_rests_until = 0.0
        before = self._folders()
        there = {_id(stored.raw) for stored in self.hands.server.messages(self.hands.user)}
        self.hands.turn()
        assert self._folders() == before, "I8"
        self.read |= there
        self.turned = True
        self.unproven = False
        self._filed_once()

    # What is always true

    @invariant()
    def nothing_goes_out_twice(self) -> None:
        went = Counter((sent.recipient, _id(sent.raw)) for sent in self.hands.submission.sent)
        for (recipient, message_id), count in went.items():
            if recipient in CANDIDATES.values():
                assert count <= 1 + (message_id in self.resent), f"I2: {message_id} went to a candidate {count} times"

    @invariant()
    def no_machine_is_answered(self) -> None:
        machines = {sender for sender, _ in MACHINES.values()}
        assert not machines & {sent.recipient for sent in self.hands.submission.sent}, "I4"

    @invariant()
    def what_is_called_sent_was_taken(self) -> None:
        went = {_id(sent.raw) for sent in self.hands.submission.sent}
        for intent in self._intents():
            assert intent.outcome in {"", "sent", "failed", "held", "dropped"}, "I3"
            assert intent.outcome != "sent" or intent.message_id in went, f"I5: {intent.purpose} was never taken"
        for entry in self.hands.desk.outbox.entries():
            assert entry.state != "sent" or entry.message_id in went, "I5"

    @invariant()
    def the_log_is_silent_on_people(self) -> None:
        for line in self.log.lines:
            for word in ("Кречет", "krechet", "Чижик", "chizhik", "Отклик на"):
                assert word not in line, f"I7: {line}"
        self.log.lines.clear()

    def _filed_once(self) -> None:
        filed = Counter(message.message_id for case in self._cases() for message in case.messages if message.direction == "in")
        for message_id in self.read:
            assert filed[message_id] == 1, f"I1: {message_id} is filed {filed[message_id]} times"
        verdicts = self.hands.verdicts()
        assert all(verdicts.values()), f"I1: {verdicts}"
        assert "quarantine" not in verdicts.values(), "I1"

    def _came(self, message: EmailMessage) -> None:
        del message
        self.turned = False

    def _pass(self, **delta: float) -> None:
        self.hands.pass_time(**delta)
        self.hands.watch.resting_until = self.hands.watch.filing_rests_until = 0.0

    def _cases(self) -> Iterator[Case]:
        store = self.hands.desk.store
        for reference in (*store.references(), *store.offices()):
            yield store.load(reference)

    def _intents(self) -> Iterator[Intent]:
        for case in self._cases():
            yield from case.intents

    def _all_filed(self) -> bool:
        """Whether everything that was submitted stands in Sent, so that it can be known of after any loss."""
        stored = {_id(each.raw) for each in self.hands.server.messages(self.hands.user, "Sent")}
        return {_id(sent.raw) for sent in self.hands.submission.sent} <= stored

    def _folders(self) -> list[Any]:
        return [self.hands.server.messages(self.hands.user, name) for name in ("INBOX", "Junk", "Shelf")]


@contextmanager
def interrupted(at: int, error: BaseException) -> Iterator[None]:
    """Let the write number `at` of journals and records together raise instead; only that one."""
    writes = iter(range(1, at + 1))

    def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
        def write(*arguments: Any, **named: Any) -> Any:
            if next(writes, 0) == at:
                raise error
            return function(*arguments, **named)

        return write

    with (
        patch.object(Journal, "append", wrapped(Journal.append)),
        patch.object(storage, "write_atomically", wrapped(files.write_atomically)),
    ):
        yield


def _id(raw: bytes) -> str:
    for line in raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"message-id":
            return value.strip().decode()
    return ""
