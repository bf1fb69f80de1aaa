"""What a mailbox does when the server or the network misbehaves, and whom it trusts; on a real Dovecot, some through a proxy."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from certificates import Certificates
from imap_proxy import ImapProxy, imap_proxy
from servers import ImapServer

from mailbot.errors import Permanent, Temporary
from mailbot.mail.imap import Account, Mailbox

AT = datetime(2026, 11, 23, 9, 5, 7, tzinfo=UTC)
SECRET_WORDS = "Зарплата 90 000".encode()


def letter(name: str) -> bytes:
    return f"From: a@candidates.example\r\nMessage-ID: <{name}@candidates.example>\r\n\r\n".encode() + SECRET_WORDS + b"\r\n"


def never() -> bool:
    return False


@pytest.fixture
def user(dovecot: ImapServer) -> str:
    return dovecot.new_user()


@pytest.fixture
def proxy(dovecot: ImapServer) -> Iterator[ImapProxy]:
    with imap_proxy(dovecot.port) as running:
        yield running


@pytest.fixture
def plain(dovecot: ImapServer, user: str) -> Account:
    return Account("127.0.0.1", dovecot.port, "none", user, dovecot.password)


@pytest.fixture
def encrypted(dovecot: ImapServer, user: str) -> Account:
    return Account("localhost", dovecot.tls_port, "tls", user, dovecot.password, dovecot.ca_file)


@contextmanager
def connected(account: Account) -> Iterator[Mailbox]:
    with closing(Mailbox(account, connect_timeout=5, read_timeout=5)) as mailbox:
        mailbox.connect()
        yield mailbox


@contextmanager
def through(proxy: ImapProxy, account: Account) -> Iterator[Mailbox]:
    with connected(replace(account, port=proxy.port)) as mailbox:
        mailbox.open("INBOX")
        yield mailbox


def answer(line: bytes, text: bytes) -> bytes:
    return line.split()[0] + b" " + text + b"\r\n"


def cut(proxy: ImapProxy) -> bytes:
    proxy.cut()
    return b""


class TestTrust:
    def test_a_certificate_of_a_trusted_authority_is_accepted(self, encrypted: Account) -> None:
        with connected(encrypted) as mailbox:
            assert mailbox.open("INBOX").exists == 0

    def test_starttls_is_done_before_the_login(self, dovecot: ImapServer, encrypted: Account) -> None:
        with connected(replace(encrypted, port=dovecot.port, security="starttls")) as mailbox:
            assert mailbox.abilities().idle

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    def test_a_certificate_of_nobody_known_is_refused(self, dovecot: ImapServer, encrypted: Account, security: str) -> None:
        port = dovecot.tls_port if security == "tls" else dovecot.port
        with pytest.raises(Permanent, match="can not be verified: unable to get local issuer"):
            Mailbox(Account("localhost", port, "tls" if security == "tls" else "starttls", "job", "secret")).connect()

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    def test_a_certificate_for_another_host_is_refused(self, dovecot: ImapServer, encrypted: Account, security: str) -> None:
        port = dovecot.tls_port if security == "tls" else dovecot.port
        account = replace(encrypted, host="127.0.0.1", port=port, security="tls" if security == "tls" else "starttls")
        with pytest.raises(Permanent, match=r"not valid for '127\.0\.0\.1'"):
            Mailbox(account).connect()

    def test_without_starttls_nothing_of_the_login_is_sent(self, proxy: ImapProxy, encrypted: Account) -> None:
        proxy.packets = lambda line: (line.replace(b" STARTTLS", b""),)
        with pytest.raises(Permanent, match="no STARTTLS is offered"):
            Mailbox(replace(encrypted, port=proxy.port, security="starttls")).connect()
        assert not [line for line in proxy.commands if b"LOGIN" in line or b"AUTHENTICATE" in line]

    def test_a_greeting_that_claims_we_are_logged_in_is_not_believed(self, proxy: ImapProxy, encrypted: Account) -> None:
        proxy.packets = lambda line: (line.replace(b"* OK [", b"* PREAUTH [", 1),)
        with pytest.raises(Temporary):
            Mailbox(replace(encrypted, port=proxy.port, security="starttls")).connect()

    def test_no_encryption_is_for_loopback_alone(self, plain: Account) -> None:
        for host in ("192.0.2.1", "imap.company.example", "localhost.company.example"):
            with pytest.raises(Permanent, match="loopback"):
                Mailbox(replace(plain, host=host)).connect()

    def test_a_port_without_tls_is_told_in_words(self, dovecot: ImapServer, encrypted: Account) -> None:
        with pytest.raises(Permanent, match="speaks no TLS on this port"):
            Mailbox(replace(encrypted, port=dovecot.port)).connect()

    def test_an_authority_file_that_is_none_is_told(self, encrypted: Account, certificates: Certificates) -> None:
        for path in ("/nonexistent.pem", str(certificates.key_file)):
            with pytest.raises(Permanent, match="ca_file"):
                Mailbox(replace(encrypted, ca_file=path)).connect()

    def test_a_refused_login_is_permanent_and_tells_no_secret(self, plain: Account) -> None:
        password = "пароль-тайна"
        wrong = replace(plain, secret=password)
        with pytest.raises(Permanent, match="login was refused") as refused:
            Mailbox(wrong).connect()
        assert password not in str(refused.value)
        assert wrong.username not in str(refused.value)
        assert password not in repr(wrong)

    def test_a_login_that_may_be_granted_later_is_temporary(self, proxy: ImapProxy, plain: Account) -> None:
        proxy.instead = lambda line: answer(line, b"NO [UNAVAILABLE] Busy") if b"AUTHENTICATE" in line else None
        with pytest.raises(Temporary, match="UNAVAILABLE"):
            Mailbox(replace(plain, port=proxy.port)).connect()

    def test_a_connection_lost_in_the_login_is_temporary(self, proxy: ImapProxy, plain: Account) -> None:
        proxy.instead = lambda line: cut(proxy) if b"AUTHENTICATE" in line else None
        with pytest.raises(Temporary):
            Mailbox(replace(plain, port=proxy.port)).connect()

    def test_a_server_without_plain_gets_a_login_command(self, proxy: ImapProxy, plain: Account) -> None:
        proxy.packets = lambda line: (line.replace(b" AUTH=PLAIN", b""),)
        with through(proxy, plain):
            assert [line for line in proxy.commands if b" LOGIN " in line]

    def test_a_login_command_can_not_carry_a_russian_password(self, proxy: ImapProxy, plain: Account) -> None:
        proxy.packets = lambda line: (line.replace(b" AUTH=PLAIN", b""),)
        with pytest.raises(Permanent, match="only ASCII"):
            Mailbox(replace(plain, port=proxy.port, secret="пароль")).connect()

    def test_no_password_goes_where_the_server_takes_none(self, proxy: ImapProxy, plain: Account) -> None:
        proxy.packets = lambda line: (line.replace(b"AUTH=PLAIN", b"LOGINDISABLED"),)
        with pytest.raises(Permanent, match="no password is taken"):
            Mailbox(replace(plain, port=proxy.port)).connect()

    def test_a_server_that_is_not_there_is_temporary(self, plain: Account) -> None:
        with socket.create_server(("127.0.0.1", 0)) as held:
            port = held.getsockname()[1]
        with pytest.raises(Temporary, match="refused"):
            Mailbox(replace(plain, port=port)).connect()


class TestWaiting:
    @pytest.mark.parametrize("security", ["none", "tls"])
    def test_a_message_wakes_at_once(self, dovecot: ImapServer, plain: Account, encrypted: Account, security: str) -> None:
        with connected(plain if security == "none" else encrypted) as mailbox:
            mailbox.open("INBOX")
            threading.Timer(0.1, lambda: dovecot.deliver(plain.username, letter("one"))).start()
            begun = time.monotonic()
            assert mailbox.wait(20, never)
            # Dovecot tells of it half a second after it came.
            assert time.monotonic() - begun < 3
            assert len(mailbox.headlines(0)) == 1

    def test_a_connection_that_ends_is_temporary_and_makes_no_busy_loop(self, proxy: ImapProxy, plain: Account) -> None:
        with through(proxy, plain) as mailbox:
            asked = 0

            def stop() -> bool:
                nonlocal asked
                asked += 1
                if asked == 2:
                    proxy.cut()
                return False

            with pytest.raises(Temporary):
                mailbox.wait(20, stop)
            assert asked < 5

    def test_a_line_split_over_packets_is_heard_and_the_connection_kept(self, proxy: ImapProxy, plain: Account) -> None:
        with through(proxy, plain) as mailbox:
            proxy.packets = lambda line: (line, b"* 1 EXI", b"STS\r\n") if line.startswith(b"+") else (line,)
            assert mailbox.wait(10, never)
            mailbox.noop()

    def test_a_message_told_in_one_packet_with_the_start_of_idle_wakes_at_once(self, proxy: ImapProxy, plain: Account) -> None:
        with through(proxy, plain) as mailbox:
            proxy.packets = lambda line: (line + b"* 1 EXISTS\r\n",) if line.startswith(b"+") else (line,)
            begun = time.monotonic()
            assert mailbox.wait(20, never)
            assert time.monotonic() - begun < 3

    def test_a_goodbye_is_temporary(self, proxy: ImapProxy, plain: Account) -> None:
        with through(proxy, plain) as mailbox:
            proxy.instead = lambda line: b"+ idling\r\n* BYE Shutting down\r\n" if b"IDLE" in line else answer(b"x", b"OK")
            with pytest.raises(Temporary):
                mailbox.wait(20, never)

    def test_a_refused_idle_is_temporary(self, proxy: ImapProxy, plain: Account) -> None:
        with through(proxy, plain) as mailbox:
            proxy.instead = lambda line: answer(line, b"NO Not now") if b"IDLE" in line else None
            with pytest.raises(Temporary):
                mailbox.wait(20, never)

    def test_a_server_without_idle_is_asked_instead(self, dovecot: ImapServer, proxy: ImapProxy, plain: Account) -> None:
        proxy.packets = lambda line: (line.replace(b" IDLE", b""),)
        with through(proxy, plain) as mailbox:
            assert not mailbox.abilities().idle
            assert not mailbox.wait(0.02, never)
            dovecot.deliver(plain.username, letter("one"))
            assert mailbox.wait(0.02, never)
            assert not [line for line in proxy.commands if line.endswith(b" IDLE\r\n")]

    def test_a_server_that_falls_silent_is_temporary(self, proxy: ImapProxy, plain: Account) -> None:
        with closing(Mailbox(replace(plain, port=proxy.port), connect_timeout=5, read_timeout=0.2)) as mailbox:
            mailbox.connect()
            mailbox.open("INBOX")
            proxy.instead = lambda line: b"" if b"NOOP" in line else None
            with pytest.raises(Temporary, match="no answer in time"):
                mailbox.noop()
            with pytest.raises(Temporary, match="no connection"):
                mailbox.noop()

    @pytest.mark.parametrize("unanswered", [b"IDLE", b"DONE"])
    def test_a_server_that_falls_silent_while_it_is_waited_for_is_temporary(
        self, proxy: ImapProxy, plain: Account, unanswered: bytes
    ) -> None:
        with closing(Mailbox(replace(plain, port=proxy.port), connect_timeout=5, read_timeout=0.2)) as mailbox:
            mailbox.connect()
            mailbox.open("INBOX")
            proxy.instead = lambda line: b"" if unanswered in line.upper() else None
            with pytest.raises(Temporary, match="no answer in time"):
                mailbox.wait(0.2, never)
            with pytest.raises(Temporary, match="no connection"):
                mailbox.noop()


class TestAnswers:
    def test_no_command_is_sent_that_could_change_a_message(self, dovecot: ImapServer, proxy: ImapProxy, plain: Account) -> None:
        dovecot.append(plain.username, letter("one"))
        with through(proxy, plain) as mailbox:
            headlines = mailbox.headlines(0)
            list(mailbox.fetch(headlines))
            mailbox.header(headlines[0].uid)
            mailbox.headlines_since(AT)
            mailbox.folders()
            mailbox.wait(0.01, never)
            mailbox.find("INBOX", "<one@candidates.example>")
        reading = {b"CAPABILITY", b"LIST", b"EXAMINE", b"NOOP", b"SEARCH", b"FETCH", b"IDLE", b"LOGOUT"}
        sent = [line.upper().split() for line in proxy.commands if line.count(b" ")]
        verbs = {words[2] if words[1] == b"UID" else words[1] for words in sent}
        assert verbs - {b"AUTHENTICATE"} <= reading
        assert all(b".PEEK[" in line for line in proxy.commands if b"BODY" in line)

    @pytest.mark.parametrize("refusal", [b"NO [UNAVAILABLE] UID SEARCH Backend error", b"BAD Unsupported search criterion: HEADER"])
    def test_a_refused_search_is_made_good_by_looking_at_the_headers(self, proxy: ImapProxy, plain: Account, refusal: bytes) -> None:
        with through(proxy, plain) as mailbox:
            for name in ("one", "two", "one"):
                mailbox.append("Sent", letter(name), AT)
            proxy.instead = lambda line: answer(line, refusal) if b"SEARCH" in line else None
            assert len(mailbox.find("Sent", "<one@candidates.example>")) == 2
            assert mailbox.find("Sent", "<three@candidates.example>") == ()
            assert len(mailbox.headlines_since(AT)) == 3

    def test_where_neither_search_nor_headers_are_given_nothing_is_said_of_absence(self, proxy: ImapProxy, plain: Account) -> None:
        with through(proxy, plain) as mailbox:
            mailbox.append("Sent", letter("one"), AT)
            proxy.instead = lambda line: answer(line, b"NO Later") if b"SEARCH" in line or b"FETCH" in line else None
            with pytest.raises(Temporary):
                mailbox.find("Sent", "<one@candidates.example>")

    def test_a_connection_lost_while_searching_is_temporary(self, proxy: ImapProxy, plain: Account) -> None:
        with through(proxy, plain) as mailbox:
            mailbox.append("Sent", letter("one"), AT)
            proxy.instead = lambda line: cut(proxy) if b"SEARCH" in line else None
            with pytest.raises(Temporary):
                mailbox.find("Sent", "<one@candidates.example>")

    def test_one_message_that_is_refused_does_not_stop_the_others(self, dovecot: ImapServer, proxy: ImapProxy, plain: Account) -> None:
        for name in ("one", "two", "three"):
            dovecot.append(plain.username, letter(name))
        with through(proxy, plain) as mailbox:
            one, two, three = mailbox.headlines(0)

            def refuse(line: bytes) -> bytes | None:
                asked = line.split()[3].split(b",") if b"BODY.PEEK[]" in line else []
                return answer(line, b"NO [SERVERBUG] Damaged") if str(two.uid).encode() in asked else None

            proxy.instead = refuse
            messages = mailbox.fetch((one, two, three))
            assert [next(messages).headline, next(messages).headline] == [one, three]
            with pytest.raises(Temporary, match="SERVERBUG"):
                next(messages)

    @pytest.mark.parametrize("content", [b"NIL", b'""', b"{0}\r\n"])
    def test_a_message_that_is_there_and_given_empty_is_refused_and_not_gone(
        self, dovecot: ImapServer, proxy: ImapProxy, plain: Account, content: bytes
    ) -> None:
        dovecot.append(plain.username, letter("one"))
        with through(proxy, plain) as mailbox:
            (one,) = mailbox.headlines(0)

            def empty(line: bytes) -> bytes | None:
                if b"BODY.PEEK[" not in line:
                    return None
                item = b"BODY[HEADER]<0>" if b"HEADER" in line else b"BODY[]"
                return b"* 1 FETCH (UID %d %s %s)\r\n" % (one.uid, item, content) + answer(line, b"OK done")

            proxy.instead = empty
            with pytest.raises(Temporary, match="nothing is given"):
                list(mailbox.fetch((one,)))
            with pytest.raises(Temporary, match="nothing is given"):
                mailbox.header(one.uid)
            mailbox.noop()

    def test_batches_are_bounded_in_bytes_and_sizes_are_asked_before_bodies(
        self, dovecot: ImapServer, proxy: ImapProxy, plain: Account
    ) -> None:
        for name in ("one", "two", "three"):
            dovecot.append(plain.username, letter(name))
        with through(proxy, plain) as mailbox:
            headlines = mailbox.headlines(0)
            assert not [line for line in proxy.commands if b"BODY" in line]
            assert len(list(mailbox.fetch(headlines, batch_bytes=headlines[0].size * 2))) == 3
            assert len([line for line in proxy.commands if b"BODY.PEEK[]" in line]) == 2

    def test_a_new_uidvalidity_is_told(self, proxy: ImapProxy, plain: Account) -> None:
        with through(proxy, plain) as mailbox:
            first = mailbox.open("INBOX").uidvalidity
            proxy.packets = lambda line: (line.replace(b"UIDVALIDITY %d" % first, b"UIDVALIDITY %d" % (first + 1)),)
            assert mailbox.open("INBOX").uidvalidity == first + 1

    def test_a_server_without_uidvalidity_is_permanent(self, proxy: ImapProxy, plain: Account) -> None:
        with through(proxy, plain) as mailbox:
            proxy.packets = lambda line: (line.replace(b"[UIDVALIDITY", b"[X-NOTHING"),)
            with pytest.raises(Permanent, match="UIDVALIDITY"):
                mailbox.open("INBOX")

    def test_a_full_mailbox_refuses_a_filing_for_now(self, proxy: ImapProxy, plain: Account) -> None:
        with through(proxy, plain) as mailbox:
            proxy.instead = lambda line: answer(line, b"NO [OVERQUOTA] Quota exceeded") if b"APPEND" in line else None
            with pytest.raises(Temporary, match="OVERQUOTA"):
                mailbox.append("Sent", letter("one"), AT)
            mailbox.noop()

    def test_a_connection_cut_in_a_body_is_temporary(self, dovecot: ImapServer, proxy: ImapProxy, plain: Account) -> None:
        dovecot.append(plain.username, letter("one"))
        with through(proxy, plain) as mailbox:
            headlines = mailbox.headlines(0)
            proxy.packets = lambda line: (cut(proxy),) if b"Message-ID" in line else (line,)
            with pytest.raises(Temporary):
                list(mailbox.fetch(headlines))

    def test_nothing_of_a_letter_nor_of_the_login_reaches_the_log(
        self, dovecot: ImapServer, plain: Account, caplog: pytest.LogCaptureFixture
    ) -> None:
        dovecot.append(plain.username, letter("one"))
        with (
            caplog.at_level(logging.DEBUG),
            # Even if somebody wants to see the protocol.
            caplog.at_level(logging.DEBUG, logger="imapclient.imaplib"),
            connected(plain) as mailbox,
        ):
            mailbox.open("INBOX")
            list(mailbox.fetch(mailbox.headlines(0)))
            mailbox.append("Sent", letter("two"), AT)
            mailbox.find("Sent", "<two@candidates.example>")
            mailbox.wait(0.01, never)
        assert caplog.text == ""
