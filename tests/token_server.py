"""A small OAuth2 token server in a thread of the tests: sells access tokens over https, and misbehaves as it is told."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from certificates import Certificates


class TokenServer:
    """What the token server takes and gives, and what it was asked."""

    def __init__(self, refresh_token: str) -> None:
        self.port = 0
        #: The refresh token that it takes.
        self.refresh_token = refresh_token
        #: True: a refresh token is good for one use, and the answer brings the next.
        self.rotates = False
        self.expires_in: object = 3600
        #: The form of every request, in the order of arrival.
        self.asked: list[dict[str, str]] = []
        #: Access tokens that are good now, and whose they are.
        self.good: dict[str, str] = {}
        self.username = "job@example.org"
        #: Every access token that it ever gave.
        self.given: list[str] = []
        #: Answers to give in turn instead of its own: the bytes as they go out, in pieces, with a pause between two.
        self.instead: deque[tuple[bytes, ...]] = deque()
        self.seconds = 0.0

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/token"

    def withdraw(self) -> None:
        """From now on no access token that was given is good."""
        self.good.clear()

    def answer(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """What RFC 6749 sections 5.1 and 5.2 say."""
        self.asked.append(form)
        if form.get("grant_type") != "refresh_token":
            return 400, {"error": "unsupported_grant_type"}
        if form.get("refresh_token") != self.refresh_token:
            return 400, {"error": "invalid_grant", "error_description": f"{form.get('refresh_token')} is not known"}
        token = f"access-{len(self.given) + 1}-" + "t0k" * 10
        self.given.append(token)
        self.good[token] = self.username
        answer: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in}
        if self.rotates:
            self.refresh_token = f"refresh-{len(self.given) + 1}-" + "r3f" * 10
            answer["refresh_token"] = self.refresh_token
        return 200, {name: value for name, value in answer.items() if value is not None}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, about: TokenServer) -> None:
        self.about = about
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        about = self.server.about
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("ascii")
        if not about.instead:
            self._say(*about.answer(dict(parse_qsl(body))))
            return
        about.asked.append(dict(parse_qsl(body)))
        self.close_connection = True
        with suppress(OSError):
            for piece in about.instead.popleft():
                self.wfile.write(piece)
                time.sleep(about.seconds)

    def do_GET(self) -> None:
        """Introspection (RFC 7662), for Dovecot."""
        (token,) = parse_qs(urlsplit(self.path).query)["token"]
        username = self.server.about.good.get(token)
        self._say(200, {"active": username is not None, "username": username})

    def _say(self, status: int, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


def http(status: str, body: bytes, *headers: bytes) -> tuple[bytes, ...]:
    """An answer for `TokenServer.instead`."""
    lines = (f"HTTP/1.1 {status}".encode(), b"Content-Length: %d" % len(body), *headers)
    return (b"\r\n".join(lines) + b"\r\n\r\n" + body,)


@contextmanager
def token_server(certificates: Certificates, refresh_token: str) -> Iterator[TokenServer]:
    """A token server for `localhost` with a certificate of the tests' own authority; gone afterwards."""
    about = TokenServer(refresh_token)
    with _serving(_Server(0, about), certificates.server_context()) as about.port:
        yield about


@contextmanager
def introspection(about: TokenServer, port: int) -> Iterator[None]:
    """Unencrypted on that port besides: what a mail server asks about the tokens that it is shown."""
    with _serving(_Server(port, about)):
        yield


@contextmanager
def _serving(server: _Server, context: ssl.SSLContext | None = None) -> Iterator[int]:
    if context is not None:
        # The handshake is the thread's of that connection, not the listener's.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
