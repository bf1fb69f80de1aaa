"""The submission of a message: against a real server, and against one that answers anything, or hangs up, at every step."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailbot.errors import Permanent, Temporary
from mailbot.mail.smtp import Account, Outcome, Submission

# The server says so of itself; that it asks for a login without TLS is what the tests on loopback want.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")

SENDER = "job@up-advert.example"
RECIPIENT = "Ivan.Petrov@mail.example"
USERNAME, PASSWORD = "job@up-advert.example", "пароль-secret"
LAST_LINE = b"The last line.\r\n"
RAW = b"Message-ID: <mb1.a@up-advert.example>\r\nSubject: Test\r\n\r\n.dot\r\n" + LAST_LINE

Security = Literal["tls", "starttls", "none"]


def nothing() -> None:
    """A commit of what needs none."""


def never() -> None:
    pytest.fail("committed a message that had not come to its final dot")


# --- certificates


@dataclass(frozen=True)
class Certificate:
    key: Path
    certificate: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


@pytest.fixture(scope="session")
def make_certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Certificate]:
    """Makes a certificate that signs itself, for one name."""
    if shutil.which("openssl") is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("openssl is not installed")

    def make(name: str) -> Certificate:
        folder = tmp_path_factory.mktemp("certificate")
        made = Certificate(folder / "key.pem", folder / "certificate.pem")
        subprocess.run(
            f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={name}"
            f" -addext subjectAltName=DNS:{name} -keyout key.pem -out certificate.pem".split(),
            cwd=folder,
            check=True,
            capture_output=True,
        )
        return made

    return make


@pytest.fixture(scope="session")
def good_certificate(make_certificate: Callable[[str], Certificate]) -> Certificate:
    return make_certificate("localhost")


@pytest.fixture(scope="session")
def other_certificate(make_certificate: Callable[[str], Certificate]) -> Certificate:
    return make_certificate("elsewhere.example")


# --- the real server


@dataclass
class RealServer:
    """aiosmtpd on loopback, which wants a login, and all that it was told."""

    security: Security
    certificate: Certificate | None
    port: int = 0
    logins: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    messages: list[Envelope] = field(default_factory=list)
    peers: set[Any] = field(default_factory=set)

    def account(self, **changes: Any) -> Account:
        ca_file = str(self.certificate.certificate) if self.certificate else ""
        settings = {"security": self.security, "username": USERNAME, "secret": PASSWORD, "ca_file": ca_file}
        return Account(**{"host": "localhost", "port": self.port, **settings, **changes})

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword) -> AuthResult:
        self.logins.append((mechanism, login.login, login.password))
        return AuthResult(success=(login.login, login.password) == (USERNAME.encode(), PASSWORD.encode()), handled=False)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.messages.append(envelope)
        self.peers.add(session.peer)
        return "250 2.0.0 queued as 4711"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if address.startswith("nobody@"):
            return f"550 5.1.1 <{address}>: nobody here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"


RunServer = Callable[..., RealServer]


@pytest.fixture
def run_server() -> Iterator[RunServer]:
    """Starts real servers, and stops them all."""
    running: list[Controller] = []

    def run(security: Security, certificate: Certificate | None = None, **options: Any) -> RealServer:
        server = RealServer(security, certificate)
        context = certificate.context() if certificate else None
        controller = Controller(
            server,
            hostname="localhost",
            # A port of 0 is any free one, but the controller would then knock at port 0 to see that it is up.
            port=free_port(),
            ssl_context=context if security == "tls" else None,
            tls_context=context if security == "starttls" else None,
            require_starttls=security == "starttls",
            auth_required=True,
            auth_require_tls=security == "starttls",
            authenticator=server.authenticate,
            **options,
        )
        controller.start()
        running.append(controller)
        server.port = controller.port
        return server

    yield run
    for controller in running:
        controller.stop()


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as sock:
        return int(sock.getsockname()[1])


@pytest.fixture(params=["none", "starttls", "tls"])
def real_server(request: pytest.FixtureRequest, run_server: RunServer) -> RealServer:
    certificate = None if request.param == "none" else request.getfixturevalue("good_certificate")
    return run_server(request.param, certificate)


class TestSubmissionToARealServer:
    """What holds whatever the encryption."""

    def test_a_message_arrives_once_byte_for_byte_after_its_commit(self, real_server: RealServer) -> None:
        submission = Submission(real_server.account())
        taken_before: list[int] = []

        outcome = submission.send(RAW, SENDER, RECIPIENT, lambda: taken_before.append(len(real_server.messages)))
        submission.close()

        assert outcome == Outcome("sent", 250, "2.0.0 queued as 4711")
        assert taken_before == [0]
        (message,) = real_server.messages
        assert (message.mail_from, message.rcpt_tos) == (SENDER, [RECIPIENT])
        assert message.original_content == RAW

    def test_many_messages_go_over_one_connection(self, real_server: RealServer) -> None:
        submission = Submission(real_server.account())

        states = [submission.send(RAW, SENDER, f"p{n}@mail.example", nothing).state for n in range(3)]
        submission.close()

        assert states == ["sent"] * 3
        assert [message.rcpt_tos for message in real_server.messages] == [["p0@mail.example"], ["p1@mail.example"], ["p2@mail.example"]]
        assert len(real_server.peers) == 1
        assert len(real_server.logins) == 1

    def test_a_refused_recipient_spoils_nothing_for_the_next(self, real_server: RealServer) -> None:
        submission = Submission(real_server.account())

        refused = submission.send(RAW, SENDER, "nobody@mail.example", never)
        taken = submission.send(RAW, SENDER, RECIPIENT, nothing)
        submission.close()

        assert refused == Outcome("failed", 550, "5.1.1 <…>: … here")
        assert taken.state == "sent"
        assert [message.rcpt_tos for message in real_server.messages] == [[RECIPIENT]]
        assert len(real_server.logins) == 1

    def test_a_commit_that_fails_leaves_nothing_sent_and_the_next_message_goes(self, real_server: RealServer) -> None:
        submission = Submission(real_server.account())

        def full_disk() -> None:
            raise OSError(28, "No space left on device")

        with pytest.raises(OSError, match="No space left"):
            submission.send(RAW, SENDER, RECIPIENT, full_disk)
        assert submission.send(RAW, SENDER, "next@mail.example", nothing).state == "sent"
        submission.close()

        assert [message.rcpt_tos for message in real_server.messages] == [["next@mail.example"]]

    def test_a_wrong_password_is_tried_once_and_blames_no_message(self, real_server: RealServer) -> None:
        submission = Submission(real_server.account(secret="wrong"))

        outcome = submission.send(RAW, SENDER, RECIPIENT, never)

        assert (outcome.state, outcome.code, outcome.account_fault) == ("retry", 535, True)
        assert len(real_server.logins) == 1
        with pytest.raises(Permanent, match="535"):
            submission.check()

    def test_a_message_larger_than_many_packets_arrives_whole(self, real_server: RealServer) -> None:
        raw = b"Subject: Large\r\n\r\n" + b"".join(b".%05d" % n + b"x" * 70 + b"\r\n" for n in range(20_000))
        submission = Submission(real_server.account())

        assert submission.send(raw, SENDER, RECIPIENT, nothing).state == "sent"
        submission.close()

        assert real_server.messages[0].original_content == raw

    def test_check_logs_in_and_tells_the_extensions(self, real_server: RealServer) -> None:
        extensions = Submission(real_server.account()).check()

        assert "8BITMIME" in extensions
        assert "AUTH LOGIN PLAIN" in extensions
        assert list(extensions) == sorted(extensions)
        assert [mechanism for mechanism, _, _ in real_server.logins] == ["PLAIN"]


def test_where_plain_is_not_offered_the_login_is_LOGIN(run_server: RunServer) -> None:  # noqa: N802
    server = run_server("none", auth_exclude_mechanism=["PLAIN"])
    submission = Submission(server.account())

    assert submission.send(RAW, SENDER, RECIPIENT, nothing).state == "sent"
    submission.close()

    assert server.logins == [("LOGIN", USERNAME.encode(), PASSWORD.encode())]


def test_a_server_without_a_known_login_is_a_fault_of_the_account(run_server: RunServer) -> None:
    server = run_server("none", auth_exclude_mechanism=["PLAIN", "LOGIN"])

    outcome = Submission(server.account()).send(RAW, SENDER, RECIPIENT, never)

    assert (outcome.state, outcome.account_fault) == ("retry", True)


def test_a_login_that_is_refused_at_its_name_does_not_tell_the_password(run_script: RunScript) -> None:
    server = run_script(EHLO="250-ready\r\n250 AUTH LOGIN", AUTH="535 no such way")

    outcome = Submission(server.account).send(RAW, SENDER, RECIPIENT, never)

    assert (outcome.state, outcome.code, outcome.account_fault) == ("retry", 535, True)
    server.stop()
    assert server.heard == ["greeting", "EHLO", "AUTH"]


def test_a_message_too_large_for_the_server_is_refused_before_it_is_sent(run_server: RunServer) -> None:
    server = run_server("none", data_size_limit=1000)
    submission = Submission(server.account())

    outcome = submission.send(RAW + b"x" * 1000, SENDER, RECIPIENT, never)
    submission.close()

    assert (outcome.state, outcome.code) == ("failed", 552)


def test_without_a_login_the_server_says_that_it_wants_one(run_server: RunServer) -> None:
    server = run_server("none")

    outcome = Submission(server.account(username="", secret="")).send(RAW, SENDER, RECIPIENT, never)

    assert (outcome.state, outcome.code, outcome.account_fault) == ("retry", 530, True)


# --- encryption


def refused_before_login(account: Account, server: RealServer) -> str:
    """Neither a message nor a check gets as far as the login; returns the reason given."""
    submission = Submission(account)
    outcome = submission.send(RAW, SENDER, RECIPIENT, never)
    with pytest.raises(Permanent) as refusal:
        submission.check()
    assert (outcome.state, outcome.account_fault) == ("retry", True)
    assert (server.logins, server.messages) == ([], [])
    assert str(refusal.value) == outcome.text
    return outcome.text


@pytest.mark.parametrize("security", ["starttls", "tls"])
class TestCertificates:
    def test_a_certificate_that_nobody_vouches_for_is_refused(
        self, security: Security, run_server: RunServer, good_certificate: Certificate
    ) -> None:
        server = run_server(security, good_certificate)

        assert "self-signed certificate" in refused_before_login(server.account(ca_file=""), server)

    def test_a_certificate_for_another_host_is_refused(
        self, security: Security, run_server: RunServer, other_certificate: Certificate
    ) -> None:
        server = run_server(security, other_certificate)

        assert "not valid for 'localhost'" in refused_before_login(server.account(), server)

    def test_a_ca_file_that_is_missing_is_told_by_its_name(
        self, security: Security, run_server: RunServer, good_certificate: Certificate, tmp_path: Path
    ) -> None:
        server = run_server(security, good_certificate)
        missing = str(tmp_path / "missing.pem")

        assert missing in refused_before_login(server.account(ca_file=missing), server)


def test_a_server_whose_starttls_was_stripped_is_refused(run_server: RunServer) -> None:
    server = run_server("none")

    assert "STARTTLS" in refused_before_login(server.account(security="starttls"), server)


def test_tls_with_a_server_that_speaks_plainly_sends_no_login(run_server: RunServer) -> None:
    server = run_server("none")

    outcome = Submission(server.account(security="tls")).send(RAW, SENDER, RECIPIENT, never)

    assert outcome.state == "retry"
    assert server.logins == []


def test_the_password_does_not_show_in_the_account() -> None:
    assert PASSWORD not in repr(Account("localhost", 465, "tls", USERNAME, PASSWORD))


# --- the server that answers anything

CLOSE = "(hangs up)"
SILENCE = "(says nothing)"


class ScriptedServer:
    """A server on loopback that answers each step as it is told, for every connection anew, and writes down what it heard."""

    def __init__(self, changes: dict[str, str], certificate: Certificate | None) -> None:
        self._replies = {
            "greeting": "220 ready",
            "EHLO": "250-ready\r\n250-SIZE 1000000\r\n250 AUTH PLAIN",
            "AUTH": "235 welcome",
            "MAIL": "250 fine",
            "RCPT": "250 fine",
            "DATA": "354 go on",
            "body": "",
            "dot": "250 queued",
            "RSET": "250 fine",
            "QUIT": "221 bye",
        } | changes
        self._certificate = certificate
        self.heard: list[str] = []
        self.bodies: list[bytes] = []
        self.has_body = threading.Event()
        self.has_spoken_out_of_turn = threading.Event()
        self.has_lost_its_client = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def account(self) -> Account:
        port = self._listener.getsockname()[1]
        if self._certificate is None:
            return Account("localhost", port, "none", USERNAME, PASSWORD)
        return Account("localhost", port, "tls", USERNAME, PASSWORD, str(self._certificate.certificate))

    @property
    def connections(self) -> int:
        return len(self._open)

    def stop(self) -> None:
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._open.append(sock)
                self._threads.append(threading.Thread(target=self._serve, args=(sock,)))
                self._threads[-1].start()

    def _serve(self, sock: socket.socket) -> None:
        if self._certificate is not None:
            sock = self._certificate.context().wrap_socket(sock, server_side=True)
        with suppress(OSError), sock, sock.makefile("rb") as lines:
            talking = self._answer(sock, "greeting")
            while talking and (line := lines.readline()):
                verb = line[:4].decode("ascii", "replace").upper().strip()
                talking = self._answer(sock, verb)
                if talking and verb == "DATA" and self._replies["DATA"].startswith("354"):
                    talking = self._read_body(sock, lines)
        self.has_lost_its_client.set()

    def _read_body(self, sock: socket.socket, lines: Any) -> bool:
        body = b""
        while (line := lines.readline()) != b".\r\n":
            if not line:
                return False
            body += line
            if line == LAST_LINE:
                self.has_body.set()
                talking = self._answer(sock, "body")
                self.has_spoken_out_of_turn.set()
                if not talking:
                    return False
        self.bodies.append(body)
        return self._answer(sock, "dot")

    def _answer(self, sock: socket.socket, step: str) -> bool:
        """Answers as the script says; returns False if that was the last thing it did."""
        self.heard.append(step)
        reply = self._replies.get(step, "500 what?")
        if reply == SILENCE:
            return True
        said, hangs_up, _ = reply.partition(CLOSE)
        if said:
            sock.sendall(said.strip().encode() + b"\r\n")
        if hangs_up:
            sock.shutdown(socket.SHUT_RDWR)
            return False
        return True


RunScript = Callable[..., ScriptedServer]


@pytest.fixture
def run_script() -> Iterator[RunScript]:
    running: list[ScriptedServer] = []

    def run(certificate: Certificate | None = None, **changes: str) -> ScriptedServer:
        running.append(ScriptedServer(changes, certificate))
        return running[-1]

    yield run
    for server in running:
        server.stop()


@pytest.mark.parametrize(
    ("step", "reply", "state", "code", "account_fault"),
    [
        ("greeting", CLOSE, "retry", None, False),
        ("greeting", "421 too busy", "retry", 421, False),
        ("greeting", "554 no service for you", "retry", 554, True),
        ("greeting", "SSH-2.0-OpenSSH_9.2", "retry", None, False),
        ("EHLO", CLOSE, "retry", None, False),
        ("EHLO", "421 too busy", "retry", 421, False),
        ("EHLO", "502 what?", "retry", 502, True),
        ("EHLO", "250 ready", "retry", None, True),
        ("AUTH", CLOSE, "retry", None, False),
        ("AUTH", "454 4.7.0 try later", "retry", 454, True),
        ("AUTH", "534 5.7.9 an application password is needed", "retry", 534, True),
        ("AUTH", "535 5.7.8 no", "retry", 535, True),
        ("AUTH", "334 ", "retry", 334, True),
        ("MAIL", CLOSE, "retry", None, False),
        ("MAIL", "421 closing", "retry", 421, False),
        ("MAIL", "451 later", "retry", 451, False),
        ("MAIL", "530 5.7.0 log in first", "retry", 530, True),
        ("MAIL", "553 5.1.8 not your address", "failed", 553, False),
        ("RCPT", CLOSE, "retry", None, False),
        ("RCPT", "450 4.2.0 greylisted", "retry", 450, False),
        ("RCPT", "550 5.1.1 unknown", "failed", 550, False),
        ("RCPT", "25", "retry", None, False),
        ("DATA", CLOSE, "retry", None, False),
        ("DATA", "451 later", "retry", 451, False),
        ("DATA", "554 no", "failed", 554, False),
        ("DATA", "250 fine", "retry", 250, False),
    ],
)
def test_what_fails_before_the_body_is_certain_and_never_committed(
    run_script: RunScript, step: str, reply: str, state: str, code: int | None, account_fault: bool
) -> None:
    server = run_script(**{step: reply})
    submission = Submission(server.account)

    outcome = submission.send(RAW, SENDER, RECIPIENT, never)
    submission.close()

    assert (outcome.state, outcome.code, outcome.account_fault) == (state, code, account_fault)
    assert outcome.text
    assert server.bodies == []


@pytest.mark.parametrize(
    ("reply", "state", "code"),
    [
        ("250 queued", "sent", 250),
        ("250-queued\r\n250 as 4711", "sent", 250),
        (f"250 queued\r\n{CLOSE}", "sent", 250),
        ("421 4.3.2 closing", "retry", 421),
        ("451 4.3.0 later", "retry", 451),
        ("552 5.3.4 too large", "failed", 552),
        ("554 5.7.1 spam", "failed", 554),
        (CLOSE, "unknown", None),
        (f"250-and nothing more\r\n{CLOSE}", "unknown", None),
        ("354 go on", "unknown", 354),
        ("hello", "unknown", None),
        ("2", "unknown", None),
        ("250 " + "x" * 9000, "unknown", None),
        (SILENCE, "unknown", None),
    ],
)
def test_after_the_dot_only_a_reply_is_certain(run_script: RunScript, reply: str, state: str, code: int | None) -> None:
    server = run_script(dot=reply)
    submission = Submission(server.account, final_timeout=0.3 if reply == SILENCE else 20)
    heard_before: list[list[str]] = []

    def commit() -> None:
        # The whole body has arrived, and the dot has not.
        assert server.has_body.wait(5)
        heard_before.append(list(server.heard))

    outcome = submission.send(RAW, SENDER, RECIPIENT, commit)
    submission.close()

    assert (outcome.state, outcome.code, outcome.account_fault) == (state, code, False)
    assert heard_before == [["greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "body"]]
    assert server.heard[7] == "dot"
    assert server.bodies == [RAW.replace(b"\r\n.dot", b"\r\n..dot")]


@pytest.fixture(params=["plain", "encrypted"])
def certificate(request: pytest.FixtureRequest) -> Any:
    return None if request.param == "plain" else request.getfixturevalue("good_certificate")


@pytest.mark.parametrize(
    ("reply", "state", "code"),
    [
        (CLOSE, "retry", None),
        ("421 4.3.2 closing", "retry", 421),
        ("552 5.3.4 too large", "failed", 552),
        # A consent that nobody asked for is none.
        ("250 queued", "retry", 250),
    ],
)
def test_a_server_that_speaks_or_closes_before_the_dot_does_not_get_it(
    run_script: RunScript, certificate: Certificate | None, reply: str, state: str, code: int | None
) -> None:
    server = run_script(certificate, body=reply)
    submission = Submission(server.account)
    committed: list[bool] = []

    outcome = submission.send(RAW, SENDER, RECIPIENT, lambda: committed.append(server.has_spoken_out_of_turn.wait(5)))
    submission.close()

    assert (outcome.state, outcome.code) == (state, code)
    assert committed == [True]
    assert "dot" not in server.heard


def test_a_consent_that_comes_together_with_the_leave_to_send_is_none(run_script: RunScript, certificate: Certificate | None) -> None:
    server = run_script(certificate, DATA="354 go on\r\n250 queued", dot=CLOSE)

    outcome = Submission(server.account).send(RAW, SENDER, RECIPIENT, nothing)

    assert (outcome.state, outcome.code) == ("retry", 250)
    assert "dot" not in server.heard


@pytest.mark.parametrize("step", ["greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
def test_a_server_that_falls_silent_before_the_body_is_tried_again_later(run_script: RunScript, step: str) -> None:
    server = run_script(**{step: SILENCE})

    outcome = Submission(server.account, reply_timeout=0.2).send(RAW, SENDER, RECIPIENT, never)

    assert (outcome.state, outcome.code, outcome.account_fault) == ("retry", None, False)
    assert "timed out" in outcome.text


@pytest.mark.parametrize("reply", [CLOSE, "421 closing", "500 what?", "nonsense"])
def test_whatever_is_said_to_quit_the_message_is_sent(run_script: RunScript, reply: str) -> None:
    server = run_script(QUIT=reply)
    submission = Submission(server.account)

    assert submission.send(RAW, SENDER, RECIPIENT, nothing).state == "sent"
    submission.close()
    submission.close()

    assert len(server.bodies) == 1


@pytest.mark.parametrize("after_the_first", [f"250 queued\r\n{CLOSE}", f"250 queued\r\n421 idle for too long\r\n{CLOSE}"])
def test_a_connection_that_died_meanwhile_is_opened_again_without_a_loss(run_script: RunScript, after_the_first: str) -> None:
    server = run_script(dot=after_the_first)
    submission = Submission(server.account)

    states = [submission.send(RAW, SENDER, RECIPIENT, nothing).state for _ in range(2)]
    submission.close()

    assert states == ["sent", "sent"]
    assert len(server.bodies) == 2
    assert server.connections == 2


def test_a_reset_that_is_refused_opens_a_new_connection(run_script: RunScript) -> None:
    server = run_script(RSET="502 what?")
    submission = Submission(server.account)

    states = [submission.send(RAW, SENDER, RECIPIENT, nothing).state for _ in range(2)]
    submission.close()

    assert states == ["sent", "sent"]
    assert server.connections == 2


@pytest.mark.parametrize(("fresh_seconds", "connections"), [(30, 1), (0, 2)])
def test_a_connection_is_used_again_only_while_it_is_fresh(run_script: RunScript, fresh_seconds: float, connections: int) -> None:
    server = run_script()
    submission = Submission(server.account, fresh_seconds=fresh_seconds)

    for _ in range(2):
        submission.send(RAW, SENDER, RECIPIENT, nothing)
    submission.close()

    assert server.connections == connections
    assert server.heard.count("RSET") == 2 - connections
    assert server.heard.count("QUIT") == connections


def test_a_transaction_left_open_is_reset_before_the_next(run_script: RunScript) -> None:
    server = run_script(RCPT="450 later")
    submission = Submission(server.account)

    for _ in range(2):
        submission.send(RAW, SENDER, RECIPIENT, never)
    submission.close()

    assert server.heard == ["greeting", "EHLO", "AUTH", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "QUIT"]


def test_an_unknown_outcome_leaves_no_connection_in_use(run_script: RunScript) -> None:
    server = run_script(dot="what?")
    submission = Submission(server.account)

    for _ in range(2):
        assert submission.send(RAW, SENDER, RECIPIENT, nothing).state == "unknown"

    assert server.connections == 2


@pytest.mark.parametrize("failure", [Temporary("the journal can not be written"), OSError("disk"), KeyboardInterrupt()])
def test_what_the_commit_raises_comes_through_and_the_dot_is_never_sent(run_script: RunScript, failure: BaseException) -> None:
    server = run_script()

    def commit() -> None:
        raise failure

    submission = Submission(server.account)
    with pytest.raises(type(failure)):
        submission.send(RAW, SENDER, RECIPIENT, commit)

    assert server.has_lost_its_client.wait(2)
    assert server.heard[-1] == "body"
    assert server.bodies == []


@pytest.mark.parametrize("reply", ["454 TLS is not available now", CLOSE, "220 go on\r\n250 AUTH PLAIN"])
def test_starttls_that_does_not_come_about_sends_no_login(run_script: RunScript, reply: str) -> None:
    server = run_script(EHLO="250-ready\r\n250-AUTH PLAIN\r\n250 STARTTLS", STAR=reply)
    plain = server.account
    account = Account(plain.host, plain.port, "starttls", plain.username, plain.secret)

    assert Submission(account, reply_timeout=1).send(RAW, SENDER, RECIPIENT, never).state == "retry"
    assert "AUTH" not in server.heard
    with pytest.raises(Temporary):
        Submission(account, reply_timeout=1).check()


@pytest.mark.parametrize(
    ("raw", "on_the_wire"),
    [
        (b"A: b\r\n\r\ntext\r\n", b"A: b\r\n\r\ntext\r\n"),
        (b"A: b\n\ntext\n", b"A: b\r\n\r\ntext\r\n"),
        (b"A: b\r\rtext\r", b"A: b\r\n\r\ntext\r\n"),
        (b"A: b\r\n\r\nno end", b"A: b\r\n\r\nno end\r\n"),
        (b"A: b\r\n\r\n.\r\n..\r\n.x\r\n", b"A: b\r\n\r\n..\r\n...\r\n..x\r\n"),
        (b".A: b\r\n\r\nx", b"..A: b\r\n\r\nx\r\n"),
        # What would end the message at a server that takes a lone LF or CR for the end of a line.
        (b"A: b\r\n\r\nx\n.\nMAIL FROM:<a@b>\r.\rx\n.\r\n", b"A: b\r\n\r\nx\r\n..\r\nMAIL FROM:<a@b>\r\n..\r\nx\r\n..\r\n"),
        (b"A: b\r\n\r\n\r\r\n\n", b"A: b\r\n\r\n\r\n\r\n\r\n"),
        (b"A: \xd0\x9f\x85\x0b\x0c\r\n\r\n\xe2\x80\xa8.x", b"A: \xd0\x9f\x85\x0b\x0c\r\n\r\n\xe2\x80\xa8.x\r\n"),
        (b"", b"\r\n"),
    ],
)
def test_lines_end_with_crlf_and_no_line_is_a_lone_dot(run_script: RunScript, raw: bytes, on_the_wire: bytes) -> None:
    server = run_script()
    submission = Submission(server.account)

    assert submission.send(raw, SENDER, RECIPIENT, nothing).state == "sent"
    submission.close()

    assert server.bodies == [on_the_wire]


@pytest.mark.parametrize(
    "address",
    ["иван@mail.example", "a@почта.example", "a@b\r\nRCPT TO:<c@d>", "a@b> SIZE=1", "<a@b>", "a b@c.example", "nobody", "", "a@b\n"],
)
def test_an_address_that_can_not_stand_in_a_command_fails_without_a_connection(run_script: RunScript, address: str) -> None:
    server = run_script()

    for sender, recipient in ((SENDER, address), (address, RECIPIENT)):
        outcome = Submission(server.account).send(RAW, sender, recipient, never)
        assert (outcome.state, outcome.code) == ("failed", None)
        assert not address or address not in outcome.text

    assert server.connections == 0


def test_what_the_server_says_is_told_without_the_recipient(run_script: RunScript) -> None:
    said = "550-5.1.1 <Ivan.Petrov@mail.example>:\r\n550 5.1.1 user ivan.petrov unknown\x1b[31m, told to job@up-advert.example"
    server = run_script(RCPT=said)
    submission = Submission(server.account)

    outcome = submission.send(RAW, SENDER, RECIPIENT, never)
    submission.close()

    assert outcome == Outcome("failed", 550, "5.1.1 <…>: 5.1.1 user … unknown [31m, told to …")


def test_a_server_that_can_not_be_reached_is_tried_again_later() -> None:
    account = Account("127.0.0.1", free_port(), "none", "", "")

    outcome = Submission(account).send(RAW, SENDER, RECIPIENT, never)

    assert (outcome.state, outcome.code, outcome.account_fault) == ("retry", None, False)
    with pytest.raises(Temporary, match="refused"):
        Submission(account).check()


def test_a_name_that_can_be_no_host_is_told_in_words() -> None:
    outcome = Submission(Account("a" * 70 + ".example", 465, "none", "", "")).send(RAW, SENDER, RECIPIENT, never)

    assert outcome.state == "retry"
    assert outcome.text
