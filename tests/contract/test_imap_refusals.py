"""BYE, NO, BAD, garbage and the end at every command: what is no answer is never taken for one, and at most the session is lost."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from imap_proxy import ImapProxy, imap_proxy
from servers import ImapServer

from mailbot.errors import Temporary
from mailbot.mail.imap import Account, Mailbox
from mailbot.mail.mailbox import Headline

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LETTER = b"Message-ID: <one@mail.example>\r\nSubject: one\r\n\r\nwords\r\n"
LOSES_NOTHING = {
    "NO": b"NO Refused",
    "NO [UNAVAILABLE]": b"NO [UNAVAILABLE] Backend error",
    "NO [SERVERBUG]": b"NO [SERVERBUG] Internal error",
    "NO [INUSE]": b"NO [INUSE] Locked",
    "NO [LIMIT]": b"NO [LIMIT] Too many",
    "NO [OVERQUOTA]": b"NO [OVERQUOTA] The mailbox is full",
    "NO [EXPIRED]": b"NO [EXPIRED] Log in anew",
    "NO [NOPERM]": b"NO [NOPERM] Not you",
    "BAD": b"BAD Unknown command",
}
ENDS = {
    "BYE": b"* BYE Going down\r\n",
    "BYE within the answer": b"* 1 EXISTS\r\n* BYE [UNAVAILABLE] Going down\r\n",
    "the end": b"",
    "garbage": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "another tag": b"ZZZZ1 OK Done\r\n",
    "NULs": bytes(100) + b"\r\n",
}
#: What of a command's line it is known by, and the method that gives it.
COMMANDS: dict[str, tuple[bytes, Callable[[Mailbox], object]]] = {
    "LIST": (b"LIST", lambda mailbox: mailbox.folders()),
    "EXAMINE": (b"EXAMINE", lambda mailbox: mailbox.open("INBOX")),
    "NOOP": (b"NOOP", lambda mailbox: mailbox.noop()),
    "FETCH headlines": (b"FETCH", lambda mailbox: mailbox.headlines(0)),
    "SEARCH SINCE": (b"SEARCH", lambda mailbox: mailbox.headlines_since(AT)),
    "FETCH bodies": (b"BODY.PEEK[]", lambda mailbox: list(mailbox.fetch([Headline(1, len(LETTER), AT)]))),
    "FETCH a header": (b"BODY.PEEK[HEADER]", lambda mailbox: mailbox.header(1)),
    "SEARCH HEADER": (b"SEARCH", lambda mailbox: mailbox.find("INBOX", "<one@mail.example>")),
    "APPEND": (b"APPEND", lambda mailbox: mailbox.append("Sent", LETTER, AT)),
    "IDLE": (b"IDLE", lambda mailbox: mailbox.wait(0.1, lambda: False)),
}
#: Where a refusal is made good by asking otherwise.
MADE_GOOD = {"SEARCH SINCE", "SEARCH HEADER"}


@pytest.fixture
def proxy(dovecot: ImapServer) -> Iterator[ImapProxy]:
    with imap_proxy(dovecot.port) as running:
        yield running


@pytest.fixture
def account(dovecot: ImapServer, proxy: ImapProxy) -> Account:
    user = dovecot.new_user()
    dovecot.append(user, LETTER, AT)
    return Account("127.0.0.1", proxy.port, "none", user, dovecot.password)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_refused_command_is_temporary_never_empty_and_never_the_end_of_the_daemon(
    proxy: ImapProxy, account: Account, command: str
) -> None:
    part, call = COMMANDS[command]
    with closing(Mailbox(account, connect_timeout=5, read_timeout=5)) as mailbox:
        mailbox.connect()
        mailbox.open("INBOX")
        right = call(mailbox)
        for name, refusal in LOSES_NOTHING.items():
            proxy.instead = lambda line, said=refusal: line.split()[0] + b" " + said + b"\r\n" if part in line.upper() else None  # type: ignore[misc]
            if command in MADE_GOOD:
                assert call(mailbox) == right, name
            else:
                with pytest.raises(Temporary, match="IMAP server"):
                    call(mailbox)
            proxy.instead = lambda _line: None
            if command == "IDLE":
                # The server may believe itself in IDLE still.
                mailbox.connect()
                mailbox.open("INBOX")
            assert call(mailbox) == right, name


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_whatever_ends_a_session_at_any_command_is_temporary_and_the_next_session_is_whole(
    proxy: ImapProxy, account: Account, command: str, end: str
) -> None:
    part, call = COMMANDS[command]
    with closing(Mailbox(account, connect_timeout=5, read_timeout=5)) as mailbox:
        mailbox.connect()
        mailbox.open("INBOX")
        right = call(mailbox)
        proxy.says_last = lambda line: ENDS[end] if part in line.upper() else None
        with pytest.raises(Temporary, match="IMAP server"):
            call(mailbox)
        proxy.says_last = lambda _line: None
        with pytest.raises(Temporary, match="there is no connection"):
            mailbox.noop()
        mailbox.connect()
        mailbox.open("INBOX")
        assert call(mailbox) == right


@pytest.mark.parametrize("greeting", [b"* BYE Overloaded\r\n", b"* BYE [ALERT] Overloaded\r\n", b"", b"HTTP/1.1 400 Bad\r\n", b"\0\r\n"])
def test_a_greeting_that_is_none_is_temporary(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, closing(Mailbox(_at(server), 5, 5)) as mailbox:
        greeter = threading.Thread(target=_greet, args=(server, greeting))
        greeter.start()
        with pytest.raises(Temporary, match="IMAP server"):
            mailbox.connect()
        greeter.join(5)


@pytest.mark.parametrize("answer", [b"%s NO %s\r\n", b"* OK %s\r\n%s NO Refused\r\n", b"* NO %s\r\n%s BAD Refused\r\n"])
def test_what_the_server_wants_people_to_read_is_in_the_log_and_names_nobody(
    proxy: ImapProxy, account: Account, caplog: pytest.LogCaptureFixture, answer: bytes
) -> None:
    words = b"[ALERT] The mailbox of %s is full to 95%%" % account.username.encode()

    def alert(line: bytes) -> bytes | None:
        tag = line.split()[0]
        return answer % ((tag, words) if answer.startswith(b"%s") else (words, tag)) if b"EXAMINE" in line else None

    with closing(Mailbox(account, connect_timeout=5, read_timeout=5)) as mailbox, caplog.at_level(logging.WARNING):
        mailbox.connect()
        proxy.instead = alert
        with pytest.raises(Temporary):
            mailbox.open("INBOX")
    assert [record.getMessage().partition("says: ")[2] for record in caplog.records if "mail server says" in record.getMessage()] == [
        "The mailbox of … is full to 95%"
    ]


def test_a_letter_says_nothing_in_the_name_of_the_server(dovecot: ImapServer, account: Account, caplog: pytest.LogCaptureFixture) -> None:
    dovecot.append(account.username, b"Subject: x\r\n\r\n* OK [ALERT] Call +7 900\r\nA1 NO [ALERT] Call +7 900\r\n", AT)
    with closing(Mailbox(account, connect_timeout=5, read_timeout=5)) as mailbox, caplog.at_level(logging.WARNING):
        mailbox.connect()
        mailbox.open("INBOX")
        assert len(list(mailbox.fetch(mailbox.headlines(0)))) == 2
    assert caplog.records == []


def test_a_connection_notices_that_the_other_side_is_gone(account: Account) -> None:
    with closing(Mailbox(account, connect_timeout=5, read_timeout=5)) as mailbox:
        mailbox.connect()
        connection = mailbox._connected().socket()
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        assert [connection.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [60, 20, 3]
        assert connection.gettimeout() == 5


def _at(server: socket.socket) -> Account:
    return Account("127.0.0.1", server.getsockname()[1], "none", "job", "secret")


def _greet(server: socket.socket, greeting: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(greeting)
