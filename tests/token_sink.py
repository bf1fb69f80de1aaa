"""An SMTP server in a thread of the tests (aiosmtpd) that takes mail from whoever shows a good access token."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from servers import free_ports
from token_server import TokenServer

#: What Google says of a token that is no good; Dovecot's is alike.
CHALLENGE = b64encode(json.dumps({"status": "401", "schemes": "bearer", "scope": "https://mail.google.com/"}).encode())


class Submissions:
    """An SMTP server (aiosmtpd) that takes good tokens alone."""

    def __init__(self, about: TokenServer) -> None:
        self.about = about
        self.taken: list[bytes] = []
        self.lines: list[bytes] = []

    async def auth_XOAUTH2(self, server: SMTP, arguments: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's name
        # The name of the mechanism alone: a token does not fit in the line.
        assert len(arguments) == 1
        said = await server.challenge_auth("")
        if not isinstance(said, bytes):
            return AuthResult(success=False)
        self.lines.append(b64encode(said))
        user, bearer, *rest = said.split(b"\x01")
        assert rest == [b"", b""]
        token = bearer.removeprefix(b"auth=Bearer ").decode()
        if self.about.good.get(token) == user.removeprefix(b"user=").decode():
            return AuthResult(success=True, auth_data=user)
        noted = await server.challenge_auth(b64decode(CHALLENGE), encode_to_b64=True)
        assert noted == b"", "the challenge is answered with an empty line"
        self.lines.append(b"")
        await server.push("535 5.7.8 Username and Password not accepted")
        return AuthResult(success=False, handled=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken.append(envelope.original_content or b"")
        return "250 Taken"


class _Controller(Controller):
    def factory(self) -> SMTP:
        return SMTP(self.handler, auth_required=True, auth_require_tls=False, loop=self.loop)


@contextmanager
def running_submissions(submissions: Submissions) -> Iterator[int]:
    """That server on a free port of 127.0.0.1, which is given; gone afterwards."""
    port = free_ports(1)[0]
    controller = _Controller(submissions, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
