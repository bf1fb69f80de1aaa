"""Every reply code at every step of a submission, and what is no reply at all: what is believed sent was sent, and once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field

import pytest

from mailbot.mail.smtp import Account, Outcome, Submission

RAW = b"From: <job@firm.example>\r\nSubject: hello\r\n\r\nA line.\r\n"
SENDER, RECIPIENT = "job@firm.example", "maria@mail.example"
CONSENTS = {
    "greeting": b"220 ready\r\n",
    "EHLO": b"250-ready\r\n250 AUTH PLAIN\r\n",
    "AUTH": b"235 welcome\r\n",
    "MAIL": b"250 fine\r\n",
    "RCPT": b"250 fine\r\n",
    "DATA": b"354 go on\r\n",
    "dot": b"250 queued\r\n",
    "RSET": b"250 fine\r\n",
    "QUIT": b"221 bye\r\n",
}
#: Before the body, in order.
BEFORE = ("greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA")
#: Every code that RFC 5321, 4954, 3207, 3463 and 7504 know, the ends of each class, and numbers of no class.
CODES = (
    *(0, 1, 99, 100, 199, 200, 211, 214, 220, 221, 235, 250, 251, 252, 299, 300, 334, 354, 399),
    *(400, 421, 432, 450, 451, 452, 454, 455, 458, 459, 499),
    *(500, 501, 502, 503, 504, 521, 523, 530, 534, 535, 538, 550, 551, 552, 553, 554, 555, 556, 599, 600, 999),
)
LOGIN = {454, 530, 534, 535, 538}


@dataclass
class Talker:
    """A server that says at each step what it is told to, byte for byte; `heard` is what was said to it in the connection before."""

    says: dict[str, bytes] = field(default_factory=dict)
    #: After which step it hangs up.
    hangs_up: str = ""
    #: At which step it goes on saying a byte every now and then.
    dribbles: str = ""
    bodies: int = 0
    connections: int = 0

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.connections += 1
                with suppress(OSError), connection, connection.makefile("rb") as lines:
                    self._talk(connection, lines.readline)

    def _talk(self, connection: socket.socket, next_line: Callable[[], bytes]) -> None:
        step = "greeting"
        while self._say(connection, step) and (line := next_line()):
            step = line[:4].decode("ascii", "replace").upper().strip()
            if step == "DATA" and self.says.get("DATA", CONSENTS["DATA"]).startswith(b"354"):
                self._say(connection, "DATA")
                while (line := next_line()) != b".\r\n":
                    if not line:
                        return
                self.bodies += 1
                step = "dot"

    def _say(self, connection: socket.socket, step: str) -> bool:
        while step == self.dribbles:
            connection.sendall(b"2")
            time.sleep(0.1)
        connection.sendall(self.says.get(step, CONSENTS.get(step, b"500 what?\r\n")))
        if step == self.hangs_up:
            connection.shutdown(socket.SHUT_RDWR)
        return step not in (self.hangs_up, "QUIT")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def talker(listener: socket.socket) -> Iterator[Talker]:
    told = Talker()
    thread = threading.Thread(target=told.serve, args=(listener,))
    thread.start()
    yield told
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
    assert not thread.is_alive()


def submission(listener: socket.socket, reply_timeout: float = 10) -> Submission:
    account = Account("127.0.0.1", listener.getsockname()[1], "none", "job", "secret")
    return Submission(account, reply_timeout=reply_timeout, final_timeout=reply_timeout)


def submitted(talker: Talker, listener: socket.socket, reply_timeout: float = 10) -> tuple[Outcome, int, int]:
    """One message: its outcome, how often it was committed, and how many messages the server has."""
    talker.bodies = 0
    commits: list[bool] = []
    with closing(submission(listener, reply_timeout)) as session:
        outcome = session.send(RAW, SENDER, RECIPIENT, lambda: commits.append(True))
    return outcome, len(commits), talker.bodies


def consent(step: str, code: int) -> bool:
    exact = {"greeting": 220, "EHLO": 250, "AUTH": 235, "DATA": 354}
    return code == exact[step] if step in exact else 200 <= code <= 299


def expected(step: str, code: int) -> tuple[str, bool]:
    """State and account_fault, by the words of RFC 5321 4.2.1 and of trust in a certain outcome."""
    refusal = 500 <= code <= 599
    if step in ("greeting", "EHLO", "AUTH"):
        # A lasting no to the session is to the account; whatever is said to a login that is no consent may lock it.
        return "retry", step == "AUTH" or refusal
    if code in LOGIN:
        return "retry", True
    if 400 <= code <= 599:
        return ("failed" if refusal else "retry"), False
    return ("unknown" if step == "dot" else "retry"), False


@pytest.mark.parametrize("step", [*BEFORE, "dot"])
def test_every_reply_code_at_every_step_has_one_certain_meaning(talker: Talker, listener: socket.socket, step: str) -> None:
    wrong: list[str] = []
    for code in CODES:
        for text in (b"%03d words\r\n", b"%03d-words\r\n%03d more\r\n", b"%03d\r\n"):
            talker.says = {step: text % ((code,) * text.count(b"%"))}
            agreed = consent(step, code)
            if agreed and step == "EHLO":
                talker.says = {}
            outcome, commits, bodies = submitted(talker, listener)
            state, fault = ("sent", False) if agreed else expected(step, code)
            got_body = agreed or step == "dot"
            if (outcome.state, outcome.account_fault, commits, bodies) != (state, fault, int(got_body), int(got_body)):
                wrong.append(
                    f"{step} {talker.says.get(step)!r}: {outcome}, {commits} commits, {bodies} messages; expected {state}, {fault}"
                )
    assert wrong == []


@pytest.mark.parametrize("step", ["RSET", "QUIT"])
def test_no_reply_code_between_messages_or_at_the_end_loses_or_repeats_one(talker: Talker, listener: socket.socket, step: str) -> None:
    for code in CODES:
        for hangs_up in ("", step):
            talker.says, talker.hangs_up, talker.bodies = {step: b"%03d words\r\n" % code}, hangs_up, 0
            with closing(submission(listener)) as session:
                states = [session.send(RAW, SENDER, RECIPIENT, lambda: None).state for _ in range(2)]
            # A server that agrees and then goes away has not got the second one, and that is certain.
            second = "retry" if (step, code, hangs_up) == ("RSET", 250, "RSET") else "sent"
            assert (states, talker.bodies) == (["sent", second], 1 + (second == "sent")), f"{step} {code} {hangs_up}"


GARBAGE = {
    "a line of 64 kB": b"250 " + b"x" * 65536 + b"\r\n",
    "64 kB without an end": b"2" * 65536,
    "nothing but NULs": bytes(300) + b"\r\n",
    "NULs before the code": b"\x00\x00250 fine\r\n",
    "NULs within the code": b"2\x0050 fine\r\n",
    "no code": b"fine, go on\r\n",
    "two digits": b"25\r\n",
    "four digits": b"2500 fine\r\n",
    "an empty line": b"\r\n",
    "another alphabet": "２５０ да\r\n".encode(),
    "bytes of no charset": bytes(range(128, 256)) + b"\r\n",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x28\r\n",
    "half a reply": b"250-and then",
    "a minus": b"-25 fine\r\n",
}


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("step", [*BEFORE, "dot"])
def test_garbage_is_no_consent_at_any_step(talker: Talker, listener: socket.socket, step: str, garbage: str) -> None:
    talker.says, talker.hangs_up = {step: GARBAGE[garbage]}, step

    outcome, commits, bodies = submitted(talker, listener)

    assert (outcome.state, commits, bodies) == (("unknown", 1, 1) if step == "dot" else ("retry", 0, 0))
    assert outcome.text.isprintable()
    assert len(outcome.text) < 500


@pytest.mark.parametrize("step", [*BEFORE, "dot"])
def test_a_reply_that_is_cut_before_its_end_is_a_consent_only_where_its_code_was_heard(
    talker: Talker, listener: socket.socket, step: str
) -> None:
    whole = CONSENTS[step]
    for length in range(len(whole)):
        talker.says, talker.hangs_up = {step: whole[:length]}, step
        outcome, commits, bodies = submitted(talker, listener)
        if step != "dot":
            # Only after the leave to send there is a commit; the dot is not sent all the same.
            assert (outcome.state, bodies) == ("retry", 0), whole[:length]
            assert commits == (whole[:length].startswith(b"354")), whole[:length]
        else:
            assert (outcome.state, commits, bodies) == ("sent" if length >= 3 else "unknown", 1, 1), whole[:length]


@pytest.mark.parametrize("step", [*BEFORE, "dot"])
def test_a_reply_without_an_end_is_waited_for_no_longer_than_the_timeout(talker: Talker, listener: socket.socket, step: str) -> None:
    talker.says = {step: b"250 f"}

    outcome, commits, bodies = submitted(talker, listener, reply_timeout=0.2)

    assert (outcome.state, commits, bodies) == (("unknown", 1, 1) if step == "dot" else ("retry", 0, 0))
    assert "timed out" in outcome.text


@pytest.mark.parametrize("step", [*BEFORE, "dot"])
def test_a_reply_that_never_ends_is_none_however_much_is_said(talker: Talker, listener: socket.socket, step: str) -> None:
    talker.says = {step: b"250-and more\r\n" * 6000}

    outcome, commits, bodies = submitted(talker, listener)

    assert (outcome.state, commits, bodies) == (("unknown", 1, 1) if step == "dot" else ("retry", 0, 0))
    assert "has no end" in outcome.text


@pytest.mark.parametrize("step", [*BEFORE, "dot"])
def test_a_server_that_says_a_byte_at_a_time_has_so_long_for_its_whole_reply(talker: Talker, listener: socket.socket, step: str) -> None:
    talker.dribbles = step

    began = time.monotonic()
    outcome, commits, bodies = submitted(talker, listener, reply_timeout=0.3)

    assert (outcome.state, commits, bodies) == (("unknown", 1, 1) if step == "dot" else ("retry", 0, 0))
    assert "timed out" in outcome.text
    assert time.monotonic() - began < 3
