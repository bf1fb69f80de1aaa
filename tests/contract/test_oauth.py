"""Access tokens from a token server that is healthy, refuses, is slow, talks nonsense or is somebody else."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from certificates import Certificates
from servers import free_ports
from token_server import TokenServer, http, token_server

from mailbot.errors import MailbotError, Permanent, Temporary
from mailbot.mail.oauth import Client, Tokens, without_secrets, xoauth2

FIRST = "refresh-1-" + "r3f" * 10
CLIENT_SECRET = "client-s3cret-of-the-tests"


class Kept:
    """A refresh token that is kept in memory alone."""

    def __init__(self, token: str) -> None:
        self.token = token

    def exchange(self, ask: Callable[[str], str]) -> None:
        self.token = ask(self.token)


class Source:
    """Tokens of a client at the token server, with a clock that is moved by hand."""

    def __init__(self, server: TokenServer, client: Client, *, timeout: float = 5) -> None:
        self.server, self.client, self.now = server, client, 1000.0
        self.kept = Kept(FIRST)
        self.tokens = Tokens(client, self.kept, timeout, lambda: self.now)

    def fails(self, kind: type[MailbotError], said: str) -> None:
        """The next token is not to be had, and what is said of it holds no secret."""
        with pytest.raises(MailbotError, match=said) as caught:
            self.tokens.token()
        assert type(caught.value) is kind
        for error in (caught.value, caught.value.__cause__):
            assert not any(secret in f"{error!r} {error}" for secret in (FIRST, CLIENT_SECRET, *self.server.given))


@pytest.fixture
def server(certificates: Certificates) -> Iterator[TokenServer]:
    with token_server(certificates, FIRST) as running:
        yield running


@pytest.fixture
def client(server: TokenServer, certificates: Certificates) -> Client:
    return Client(server.url, "mailbot-client", ca_file=str(certificates.ca_file))


@pytest.fixture
def source(server: TokenServer, client: Client) -> Source:
    return Source(server, client)


class TestRenewal:
    def test_a_public_client_asks_with_its_refresh_token_and_no_secret(self, source: Source, server: TokenServer) -> None:
        assert source.tokens.token() == server.given[0]
        assert server.asked == [{"grant_type": "refresh_token", "refresh_token": FIRST, "client_id": "mailbot-client"}]

    def test_a_client_with_a_secret_shows_it(self, server: TokenServer, client: Client) -> None:
        Source(server, replace(client, client_secret=CLIENT_SECRET)).tokens.token()
        assert server.asked[0]["client_secret"] == CLIENT_SECRET

    def test_one_token_serves_until_five_minutes_before_it_expires(self, source: Source, server: TokenServer) -> None:
        first = source.tokens.token()
        source.now += 3299
        assert source.tokens.token() == first
        source.now += 2
        assert source.tokens.token() == server.given[1] != first

    @pytest.mark.parametrize(("lasts", "kept", "gone"), [(60, 29, 31), ("3600", 3299, 3301), (10**300, 86_000, 86_401)])
    def test_short_lives_text_and_absurd_numbers_are_understood(
        self, lasts: object, kept: float, gone: float, source: Source, server: TokenServer
    ) -> None:
        server.expires_in = lasts
        source.tokens.token()
        source.now += kept
        source.tokens.token()
        assert len(server.given) == 1
        source.now += gone - kept
        source.tokens.token()
        assert len(server.given) == 2

    @pytest.mark.parametrize("lasts", [None, 0, -5])
    def test_a_token_that_does_not_say_how_long_it_lasts_serves_once(self, lasts: object, source: Source, server: TokenServer) -> None:
        server.expires_in = lasts
        assert [source.tokens.token(), source.tokens.token()] == server.given

    def test_a_refused_token_is_forgotten_and_only_a_new_one_that_is_refused_is_hopeless(self, source: Source, server: TokenServer) -> None:
        source.tokens.token()
        assert source.tokens.refused() is False
        source.tokens.token()
        source.tokens.token()
        assert source.tokens.refused() is True
        assert source.tokens.token() == server.given[2]

    def test_a_rotated_refresh_token_is_used_from_then_on(self, source: Source, server: TokenServer) -> None:
        server.rotates = True
        for _ in range(3):
            source.tokens.token()
            source.now += 4000
        assert len({form["refresh_token"] for form in server.asked}) == 3
        assert source.kept.token == server.refresh_token


class Lost(Kept):
    """Its disk does not take what it should keep."""

    def exchange(self, ask: Callable[[str], str]) -> None:
        ask(self.token)
        raise Temporary("the disk is full")


def test_nobody_logs_in_before_a_new_refresh_token_is_safe(server: TokenServer, client: Client) -> None:
    tokens = Tokens(client, Lost(FIRST), 5)
    for _ in range(2):
        with pytest.raises(Temporary, match="disk is full"):
            tokens.token()


class TestRefusal:
    @pytest.mark.parametrize(
        ("status", "body", "said"),
        [
            ("400 Bad Request", b'{"error": "invalid_grant"}', "400 invalid_grant; the refresh token has expired or was withdrawn"),
            ("401 Unauthorized", b'{"error": "invalid_client"}', "401 invalid_client; check token_url, client_id"),
            ("403 Forbidden", b"<html>No</html>", "403; check token_url"),
            ("404 Not Found", b"", "404; check token_url"),
            ("400 Bad Request", b'{"error": "REFRESH-1-\\r\\nr3f r3f"}', "400; check"),
        ],
    )
    def test_a_refusal_is_permanent_in_words(self, status: str, body: bytes, said: str, source: Source, server: TokenServer) -> None:
        server.instead.append(http(status, body))
        source.fails(Permanent, said)
        assert len(server.asked) == 1

    def test_a_withdrawn_refresh_token_is_named_without_being_shown(self, source: Source, server: TokenServer) -> None:
        server.refresh_token = "another"
        source.fails(Permanent, "token server localhost: no token was given: 400 invalid_grant")

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            ("429 Too Many Requests", b""),
            ("500 Oops", b"x" * 100_000),
            ("503 Later", b'{"error": "temporarily_unavailable"}'),
            ("400 Bad Request", b'{"error": "temporarily_unavailable"}'),
        ],
    )
    def test_a_server_in_trouble_is_temporary(self, status: str, body: bytes, source: Source, server: TokenServer) -> None:
        server.instead.append(http(status, body))
        source.fails(Temporary, f"no token was given: {status[:3]}")
        assert source.tokens.token() == server.given[0]

    @pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
    def test_the_refresh_token_follows_no_redirection(self, status: str, source: Source, server: TokenServer) -> None:
        server.instead.append(http(status, b"", b"Location: " + server.url.encode()))
        source.fails(Permanent, f"{status[:3]}; check token_url")
        assert len(server.asked) == 1


def good(**changes: object) -> bytes:
    return json.dumps({"access_token": "a" * 30, "token_type": "Bearer", "expires_in": 3600} | changes).encode()


class TestNonsense:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>Sign in to the hotel</html>",
            b"\xff\xfe\x00",
            b"[" * 50_000,
            b"[]",
            b"null",
            b"{}",
            b'"' + b"x" * 100_000 + b'"',
            good(access_token=None),
            good(access_token=""),
            good(access_token="two\r\nlines"),
            good(access_token="a\x01auth=Bearer b"),
            good(access_token="ä"),
            good(access_token="x" * 20_000),
            good(token_type="mac"),
            good(expires_in=[]),
            good(expires_in="soon"),
            good(refresh_token=""),
            good(refresh_token="a\nb"),
            good(refresh_token={}),
        ],
        ids=lambda body: repr(body[:30]),
    )
    def test_what_holds_no_usable_token_is_temporary_and_changes_nothing(self, body: bytes, source: Source, server: TokenServer) -> None:
        server.instead.append(http("200 OK", body))
        source.fails(Temporary, "its answer")
        assert source.kept.token == FIRST

    @pytest.mark.parametrize(
        "pieces", [(), (b"HTTP/1.1 200",), (b"SMTP\r\n",), (b"\0" * 70_000,), (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{",)]
    )
    def test_what_is_no_http_or_breaks_off_is_temporary(self, pieces: tuple[bytes, ...], source: Source, server: TokenServer) -> None:
        server.instead.append(pieces)
        source.fails(Temporary, "token server localhost")
        assert source.tokens.token() == server.given[0]

    @pytest.mark.parametrize("part", ["nothing", "headers", "body"])
    def test_a_server_that_dribbles_has_so_long_in_all_and_not_for_each_byte(self, part: str, server: TokenServer, client: Client) -> None:
        answers = {
            "nothing": (b"",) * 20,
            "headers": (b"HTTP/1.1 200 OK\r\nX: ", *(b"y",) * 50),
            "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", *(b" ",) * 50),
        }
        server.instead.append(answers[part])
        server.seconds = 0.1
        begun = time.monotonic()
        Source(server, client, timeout=0.4).fails(Temporary, "no answer in time")
        assert time.monotonic() - begun < 2


class TestTrust:
    def test_nothing_is_sent_without_encryption(self, source: Source, client: Client, server: TokenServer) -> None:
        plain = replace(client, token_url=client.token_url.replace("https", "http"))
        Source(server, plain).fails(Permanent, "https alone; nothing was sent")
        assert server.asked == []

    @pytest.mark.parametrize("change", [{"ca_file": ""}, {"token_url": "https://127.0.0.1:{port}/token"}], ids=["authority", "host"])
    def test_nothing_is_sent_to_a_server_that_can_not_be_verified(
        self, change: dict[str, str], client: Client, server: TokenServer
    ) -> None:
        stranger = replace(client, **{key: value.format(port=server.port) for key, value in change.items()})
        Source(server, stranger).fails(Permanent, "certificate can not be verified")
        assert server.asked == []

    def test_an_authority_file_that_is_none_is_told(self, client: Client, server: TokenServer) -> None:
        Source(server, replace(client, ca_file="/nonexistent.pem")).fails(Permanent, "ca_file /nonexistent.pem")

    def test_a_server_that_is_away_is_temporary(self, client: Client, server: TokenServer) -> None:
        away = replace(client, token_url=f"https://localhost:{free_ports(1)[0]}/token")
        Source(server, away).fails(Temporary, "the connection failed: Connection refused")

    def test_no_proxy_of_the_environment_sees_the_token(self, source: Source, server: TokenServer, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://localhost:{free_ports(1)[0]}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert source.tokens.token() == server.given[0]


def test_the_sasl_string_is_that_of_google_and_microsoft() -> None:
    """The example in both providers' documents: user, one 0x01, the bearer, two 0x01."""
    assert xoauth2("job@example.org", "ya29.vF9dft4q") == b"user=job@example.org\x01auth=Bearer ya29.vF9dft4q\x01\x01"


def test_what_a_mail_server_echoes_of_a_token_is_not_shown() -> None:
    token = "EwBAA8l6BAAU" + "a-_~+/" * 20 + "=="
    said = "535 5.7.8 what is {}? See https://support.example.org/mail/?p=BadCredentials"
    assert without_secrets(said.format(token)) == said.format("…")


def test_no_secret_shows_in_a_client_or_a_source(source: Source, client: Client, server: TokenServer) -> None:
    source.tokens.token()
    shown = repr(replace(client, client_secret=CLIENT_SECRET)) + repr(source.tokens) + str(source.tokens)
    assert not any(secret in shown for secret in (CLIENT_SECRET, FIRST, *server.given))
    assert FIRST not in " ".join(os.environ.values())
