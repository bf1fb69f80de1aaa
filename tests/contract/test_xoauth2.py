"""Logging in with an access token (SASL XOAUTH2): at a real Dovecot that asks the token server, at a real SMTP server, line by line."""

from __future__ import annotations

import logging
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress

import pytest
from certificates import Certificates
from imap_proxy import ImapProxy, imap_proxy
from servers import ImapServer
from token_server import TokenServer, introspection, token_server
from token_sink import CHALLENGE, Submissions, running_submissions

from mailbot.errors import Permanent, Temporary
from mailbot.mail import imap, smtp
from mailbot.mail.oauth import Client, Tokens

FIRST = "refresh-1-" + "r3f" * 10
RAW = b"Message-ID: <mb1.a@example.org>\r\nSubject: Test\r\n\r\nText\r\n"


class Kept:
    """A refresh token that is kept in memory alone."""

    def __init__(self) -> None:
        self.token = FIRST

    def exchange(self, ask: Callable[[str], str]) -> None:
        self.token = ask(self.token)


@pytest.fixture
def server(certificates: Certificates) -> Iterator[TokenServer]:
    with token_server(certificates, FIRST) as running:
        yield running


@pytest.fixture
def tokens(server: TokenServer, certificates: Certificates) -> Tokens:
    return Tokens(Client(server.url, "mailbot-client", ca_file=str(certificates.ca_file)), Kept(), 5)


def sasl(username: str, token: str) -> bytes:
    """The exact line of the client, written down here a second time."""
    return b64encode(b"user=" + username.encode() + b"\x01auth=Bearer " + token.encode() + b"\x01\x01")


def is_silent_on_secrets(error: BaseException, server: TokenServer) -> bool:
    shown = f"{error!r} {error}"
    return not any(secret in shown for token in (FIRST, *server.given) for secret in (token, sasl("job@example.org", token).decode()))


# IMAP, a real Dovecot


@pytest.fixture
def proxy(dovecot: ImapServer, server: TokenServer) -> Iterator[ImapProxy]:
    server.username = dovecot.new_user()
    with introspection(server, dovecot.introspection_port), imap_proxy(dovecot.port) as running:
        yield running


@pytest.fixture
def way_in(proxy: ImapProxy, server: TokenServer, tokens: Tokens) -> imap.Account:
    return imap.Account("127.0.0.1", proxy.port, "none", server.username, tokens)


@contextmanager
def connected(account: imap.Account) -> Iterator[imap.Mailbox]:
    with closing(imap.Mailbox(account, connect_timeout=5, read_timeout=5)) as mailbox:
        mailbox.connect()
        yield mailbox


def authentication(proxy: ImapProxy) -> list[bytes]:
    """The client's lines from AUTHENTICATE on, until its next command, without tags."""
    lines = [line.rstrip(b"\r\n") for line in proxy.commands]
    begun = next(number for number, line in enumerate(lines) if b"AUTHENTICATE" in line)
    return [lines[begun].partition(b" ")[2], *lines[begun + 1 :]]


class TestImap:
    def test_a_mailbox_is_entered_with_exactly_one_line(self, proxy: ImapProxy, way_in: imap.Account, server: TokenServer) -> None:
        with connected(way_in) as mailbox:
            assert mailbox.open("INBOX").exists == 0
        assert authentication(proxy)[:2] == [b"AUTHENTICATE XOAUTH2", sasl(server.username, server.given[0])]

    def test_over_tls_too(self, dovecot: ImapServer, proxy: ImapProxy, server: TokenServer, tokens: Tokens) -> None:
        account = imap.Account("localhost", dovecot.tls_port, "tls", server.username, tokens, dovecot.ca_file)
        with connected(account) as mailbox:
            mailbox.noop()
        assert proxy.commands == []

    def test_a_session_that_ends_with_its_token_is_followed_by_one_with_a_new_token(
        self, proxy: ImapProxy, way_in: imap.Account, server: TokenServer
    ) -> None:
        with connected(way_in) as mailbox:
            mailbox.open("INBOX")
            server.withdraw()
            proxy.cut()
            with pytest.raises(Temporary):
                mailbox.noop()
            mailbox.connect()
            assert mailbox.open("INBOX").exists == 0
        lines = [line.rstrip() for line in proxy.commands]
        # The old token, the empty line that takes note of its refusal, and the new one.
        assert lines.count(sasl(server.username, server.given[0])) == 2
        refused = len(lines) - 1 - lines[::-1].index(sasl(server.username, server.given[0]))
        assert lines[refused + 1] == b""
        assert lines[refused + 2].endswith(b"AUTHENTICATE XOAUTH2")
        assert lines[refused + 3] == sasl(server.username, server.given[1])
        assert len(server.asked) == 2

    def test_a_new_token_that_is_refused_is_permanent_and_tells_no_secret(
        self, proxy: ImapProxy, way_in: imap.Account, server: TokenServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.username = "somebody-else"
        with caplog.at_level(logging.DEBUG), pytest.raises(Permanent, match="the login was refused") as refused:
            imap.Mailbox(way_in).connect()
        assert way_in.username not in str(refused.value)
        assert is_silent_on_secrets(refused.value, server)
        assert not any(token in caplog.text + repr(way_in) for token in (FIRST, *server.given))
        assert len(server.asked) == 1

    def test_what_the_server_echoes_of_the_token_is_not_told(self, proxy: ImapProxy, way_in: imap.Account, server: TokenServer) -> None:
        tags: list[bytes] = []

        def echo(line: bytes) -> bytes | None:
            if b"AUTHENTICATE" in line:
                tags.append(line.partition(b" ")[0])
                return b"+ \r\n"
            return tags.pop() + b" NO what is " + line.strip() + b" for?\r\n" if tags else None

        proxy.instead = echo
        with pytest.raises(Permanent, match="what is … for") as refused:
            imap.Mailbox(way_in).connect()
        assert is_silent_on_secrets(refused.value, server)
        assert sasl(way_in.username, server.given[0])[:20].decode() not in str(refused.value)

    def test_a_login_that_may_be_granted_later_is_temporary_and_keeps_the_token(
        self, proxy: ImapProxy, way_in: imap.Account, server: TokenServer
    ) -> None:
        proxy.instead = lambda line: line.split()[0] + b" NO [UNAVAILABLE] Too many connections\r\n" if b"AUTHENTICATE" in line else None
        with pytest.raises(Temporary):
            imap.Mailbox(way_in).connect()
        proxy.instead = lambda _line: None
        with connected(way_in):
            assert len(server.asked) == 1

    def test_a_challenge_that_is_garbage_is_temporary(self, proxy: ImapProxy, way_in: imap.Account, server: TokenServer) -> None:
        proxy.instead = lambda line: b"+ \xff\xfe!!!\r\n" if b"AUTHENTICATE" in line else None
        with pytest.raises(Temporary) as error:
            imap.Mailbox(way_in).connect()
        assert is_silent_on_secrets(error.value, server)

    def test_no_token_goes_where_none_is_taken(self, proxy: ImapProxy, way_in: imap.Account, server: TokenServer) -> None:
        proxy.packets = lambda line: (line.replace(b" AUTH=XOAUTH2", b""),)
        with pytest.raises(Permanent, match="no token is taken"):
            imap.Mailbox(way_in).connect()
        assert server.asked == []

    def test_a_refused_renewal_is_a_fault_of_the_account(self, way_in: imap.Account, server: TokenServer) -> None:
        server.refresh_token = "another"
        with pytest.raises(Permanent, match="invalid_grant"):
            imap.Mailbox(way_in).connect()

    def test_a_token_server_in_trouble_is_temporary(self, way_in: imap.Account, server: TokenServer) -> None:
        server.instead.append(())
        with pytest.raises(Temporary, match="token server"):
            imap.Mailbox(way_in).connect()


# SMTP, a real server


class Way:
    """The way out to a server of the tests."""

    def __init__(self, port: int, tokens: Tokens) -> None:
        self.account = smtp.Account("127.0.0.1", port, "none", "job@example.org", tokens)
        self.submission = smtp.Submission(self.account, connect_timeout=5, reply_timeout=5, final_timeout=5)

    def send(self) -> smtp.Outcome:
        """Submit a message in a session of its own."""
        with closing(self.submission):
            return self.submission.send(RAW, "job@example.org", "ivan@candidates.example", lambda: None)


@pytest.fixture
def takers(server: TokenServer) -> Iterator[tuple[Submissions, int]]:
    submissions = Submissions(server)
    with running_submissions(submissions) as port:
        yield submissions, port


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
class TestSmtp:
    def test_a_message_is_submitted_with_a_token(self, takers: tuple[Submissions, int], tokens: Tokens, server: TokenServer) -> None:
        submissions, port = takers
        assert Way(port, tokens).send().state == "sent"
        assert submissions.lines == [sasl("job@example.org", server.given[0])]

    def test_a_kept_token_that_is_refused_is_renewed_within_the_login(
        self, takers: tuple[Submissions, int], tokens: Tokens, server: TokenServer
    ) -> None:
        submissions, port = takers
        Way(port, tokens).send()
        server.withdraw()
        assert Way(port, tokens).send().state == "sent"
        old, new = (sasl("job@example.org", token) for token in server.given)
        # The empty line is the answer to the challenge.
        assert submissions.lines == [old, old, b"", new]
        assert len(submissions.taken) == 2

    def test_a_new_token_that_is_refused_is_tried_once_and_blames_no_message(
        self, takers: tuple[Submissions, int], tokens: Tokens, server: TokenServer
    ) -> None:
        server.username = "somebody-else"
        outcome = Way(takers[1], tokens).send()
        assert (outcome.state, outcome.code, outcome.account_fault) == ("retry", 535, True)
        assert len(server.asked) == 1

    def test_a_refused_renewal_is_a_fault_of_the_account_and_one_that_did_not_come_is_none(
        self, takers: tuple[Submissions, int], tokens: Tokens, server: TokenServer
    ) -> None:
        way = Way(takers[1], tokens)
        server.instead.append(())
        outcome = way.send()
        assert (outcome.state, outcome.account_fault) == ("retry", False)
        server.refresh_token = "another"
        outcome = way.send()
        assert (outcome.state, outcome.account_fault) == ("retry", True)
        assert "invalid_grant" in outcome.text
        with pytest.raises(Permanent, match="invalid_grant"):
            way.submission.check()


# SMTP, line by line


@contextmanager
def scripted(replies: Sequence[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """A server that greets, and answers each line of the client's with the next reply; its port, and the lines that came."""
    lines: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        answers = iter(replies)
        with suppress(OSError, StopIteration):
            while True:
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as stream:
                    connection.sendall(b"220 tests ESMTP\r\n")
                    for line in stream:
                        lines.append(line)
                        connection.sendall(next(answers) + b"\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], lines
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        listener.close()


EHLO = b"250-tests\r\n250 AUTH LOGIN XOAUTH2"


class TestSmtpLines:
    def test_the_whole_conversation_of_a_refusal(self, tokens: Tokens, server: TokenServer) -> None:
        with scripted([EHLO, b"334 ", b"334 " + CHALLENGE, b"535 5.7.3 Authentication unsuccessful"]) as (port, lines):
            outcome = Way(port, tokens).send()
        assert lines[1:] == [b"AUTH XOAUTH2\r\n", sasl("job@example.org", server.given[0]) + b"\r\n", b"\r\n"]
        assert (outcome.code, outcome.account_fault) == (535, True)

    def test_what_the_server_echoes_of_the_token_is_not_told(self, tokens: Tokens, server: TokenServer) -> None:
        tokens.token()
        line = sasl("job@example.org", server.given[0])
        with scripted([EHLO, b"334 ", b"500 5.5.1 unknown: " + line]) as (port, _):
            outcome = Way(port, tokens).send()
        assert (outcome.code, outcome.account_fault) == (500, True)
        assert outcome.text.endswith("unknown: …")

    def test_a_token_that_runs_out_within_the_session_is_no_fault_and_the_next_session_has_a_new_one(
        self, tokens: Tokens, server: TokenServer
    ) -> None:
        tokens.token()
        expired = [EHLO, b"334 ", b"235 2.7.0 Welcome", b"530 5.7.57 Client not authenticated"]
        with scripted(expired) as (port, _):
            outcome = Way(port, tokens).send()
        assert (outcome.state, outcome.account_fault) == ("retry", False)
        with scripted(expired) as (port, lines):
            outcome = Way(port, tokens).send()
        # That one was new, so something else is wrong.
        assert (outcome.state, outcome.account_fault) == ("retry", True)
        assert lines[2] == sasl("job@example.org", server.given[1]) + b"\r\n"

    def test_no_token_goes_where_none_is_taken(self, tokens: Tokens, server: TokenServer) -> None:
        with scripted([b"250-tests\r\n250 AUTH PLAIN LOGIN"]) as (port, lines):
            outcome = Way(port, tokens).send()
        assert outcome.account_fault
        assert "takes no token" in outcome.text
        assert len(lines) == 1
        assert server.asked == []

    @pytest.mark.parametrize("reply", [b"454 4.7.0 Temporary authentication failure", b"421 4.3.0 Busy"])
    def test_a_login_that_is_put_off_asks_for_no_new_token(self, reply: bytes, tokens: Tokens, server: TokenServer) -> None:
        tokens.token()
        with scripted([EHLO, b"334 ", reply]) as (port, _):
            assert Way(port, tokens).send().state == "retry"
        assert len(server.asked) == 1
