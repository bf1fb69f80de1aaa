"""Access tokens instead of a password: bought from a token server with a refresh token (RFC 6749 section 6), shown to mail servers."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlencode, urlsplit

from mailbot.errors import Permanent, Temporary

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: A token is renewed so long before it expires, in seconds: a login with it, and the clocks of both servers, have that much room.
_MARGIN: Final = 300.0
#: However long it is said to last, one is used for a day at most.
_LONGEST: Final = 86_400
#: Answers are a few kilobytes; more is not read.
_ANSWER_BYTES: Final = 65536
#: What may stand in a token (RFC 6749, appendix A.12 and A.17), without the space, so that none can break a line or a SASL string.
_TOKEN: Final = re.compile(r"[!-~]{1,16384}")
#: The codes of RFC 6749 section 5.2 and of providers: words, never anything of the request.
_CODE: Final = re.compile(r"[a-z_]{1,40}")
#: Codes that may go away by themselves, though they come with a 4xx.
_PASSING: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
#: Request timeout, too early, too many requests.
_LATER: Final = frozenset({408, 425, 429})
#: Whatever is long enough to be a token or the Base64 of one; without the dot, so that names of hosts stay.
_SECRET_LIKE: Final = re.compile(r"[A-Za-z0-9+/_~=-]{20,}")


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks for tokens, and where."""

    #: https alone.
    token_url: str
    client_id: str
    #: "" for a public client, which has none.
    client_secret: str = field(default="", repr=False)
    #: A further authority to trust, beside the system's; "" for none.
    ca_file: str = ""


class RefreshToken(Protocol):
    """The refresh token, kept by somebody who outlives the process."""

    def exchange(self, ask: Callable[[str], str]) -> None:
        """Call `ask` with the refresh token that counts now, and keep the one that it returns; nobody else asks meanwhile."""


class Tokens:
    """A source of access tokens: each is used until it is about to expire or a mail server refuses it."""

    def __init__(self, client: Client, refresh: RefreshToken, timeout: float = 20, clock: Callable[[], float] = time.monotonic) -> None:
        """Given the client, its refresh token, how long an answer may take in all and a clock, both in seconds; nothing is asked yet."""
        self._client = client
        self._refresh = refresh
        self._timeout = timeout
        self._clock = clock
        self._token = ""
        self._renew_at = 0.0
        self._kept = False

    def token(self) -> str:
        """An access token that is good for a login now; a new one if need be.

        Raise Permanent if the token server refuses or can not be trusted, Temporary if it can not be reached or talks nonsense.
        """
        self._kept = bool(self._token) and self._clock() < self._renew_at
        if not self._kept:
            self._token = ""
            try:
                self._refresh.exchange(self._renewed)
            except BaseException:
                # The new refresh token may not be safe yet, and until it is nobody logs in.
                self._token = ""
                raise
        return self._token

    def refused(self) -> bool:
        """A mail server refused the last token: forget it. True if it was not quite new, so that another one may do better."""
        self._token = ""
        return self._kept

    def _renewed(self, refresh_token: str) -> str:
        asked_at = self._clock()
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": self._client.client_id}
        if self._client.client_secret:
            form["client_secret"] = self._client.client_secret
        answer = _posted(self._client, form, self._timeout)
        token, fresh = answer.get("access_token"), answer.get("refresh_token", refresh_token)
        lasts = answer.get("expires_in", 0)
        # Some servers write the number as a string.
        if isinstance(lasts, str) and lasts.isascii() and lasts.isdecimal():
            lasts = int(lasts[:9])
        if not (_is_token(token) and _is_token(fresh) and isinstance(lasts, int) and str(answer.get("token_type")).lower() == "bearer"):
            raise Temporary(f"{_name(self._client)}: its answer holds no token that can be used")
        # One that does not say how long it lasts is good for one login (RFC 6749 section 5.1), a short one for half its life.
        lasts = min(lasts, _LONGEST)
        self._token, self._renew_at = str(token), asked_at + lasts - min(_MARGIN, lasts / 2)
        return str(fresh)


#: What an account proves itself with: a password, or a source of access tokens.
Secret = str | Tokens


def xoauth2(username: str, token: str) -> bytes:
    """The one message that the client sends in the SASL mechanism XOAUTH2, as Google and Microsoft define it."""
    return f"user={username}\x01auth=Bearer {token}\x01\x01".encode()


def without_secrets(text: str) -> str:
    """Given what a mail server said to a token, return it without anything that may be the token, or its Base64."""
    return _SECRET_LIKE.sub("…", text)


class _Hurried(ssl.SSLSocket):
    """A connection on which all answers together, and not each byte, must come before `deadline`."""

    deadline = 0.0

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = None, flags: int = 0) -> int:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)
        return super().recv_into(buffer, nbytes, flags)


class _NoDetour(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: the refresh token goes to the address of the configuration and to no other."""

    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        return None


def _posted(client: Client, form: dict[str, str], timeout: float) -> dict[str, Any]:
    """What the token server answers to the form. Raise Permanent for a refusal, Temporary for everything that may pass."""
    if urlsplit(client.token_url).scheme != "https":
        raise Permanent(f"{_name(client)}: tokens are asked for over https alone; nothing was sent")
    headers = {"Accept": "application/json", "User-Agent": "mailbot"}
    request = urllib.request.Request(client.token_url, urlencode(form).encode("ascii"), headers)  # noqa: S310 - https, see above
    # Straight to the server, as all mail goes: no proxy of the environment sees it.
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=_context(client, time.monotonic() + timeout)), urllib.request.ProxyHandler({}), _NoDetour
    )
    try:
        with opener.open(request, timeout=timeout) as response:
            answer = _json(response)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(client, error) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _trouble(client, error) from None
    if not isinstance(answer, dict):
        raise Temporary(f"{_name(client)}: its answer is not the JSON of a token server")
    return answer


def _context(client: Client, deadline: float) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if client.ca_file:
        try:
            context.load_verify_locations(client.ca_file)
        except OSError:
            raise Permanent(f"ca_file {client.ca_file} can not be read, or holds no certificate") from None
    context.sslsocket_class = type("_HurriedTo", (_Hurried,), {"deadline": deadline})
    return context


def _json(response: IO[bytes]) -> Any:
    """What the body says. Raise ValueError if it is too long or no JSON, OSError or HTTPException if it breaks off."""
    body = response.read(_ANSWER_BYTES + 1)
    if len(body) > _ANSWER_BYTES:
        raise ValueError("an answer that is too long")
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("an answer that is nested too deep") from None


def _refusal(client: Client, error: urllib.error.HTTPError) -> Permanent | Temporary:
    """What a status other than 2xx means (RFC 6749 section 5.2)."""
    try:
        answer = _json(error)
    except (OSError, http.client.HTTPException, ValueError):
        answer = None
    said = str(answer.get("error", "")) if isinstance(answer, dict) else ""
    code = said if _CODE.fullmatch(said) else ""
    words = f"{_name(client)}: no token was given: {' '.join(filter(None, (str(error.code), code)))}"
    if code in _PASSING or error.code in _LATER or error.code >= 500:
        return Temporary(words)
    if code == "invalid_grant":
        return Permanent(f"{words}; the refresh token has expired or was withdrawn: get a new one")
    return Permanent(f"{words}; check token_url, client_id and the registration of the client")


def _trouble(client: Client, error: Exception) -> Permanent | Temporary:
    # urllib wraps what goes wrong before the answer.
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Permanent(f"{_name(client)}: the certificate can not be verified: {reason.verify_message}; nothing was sent")
    if isinstance(reason, TimeoutError):
        return Temporary(f"{_name(client)}: no answer in time")
    if isinstance(reason, OSError):
        return Temporary(f"{_name(client)}: the connection failed: {reason.strerror or type(reason).__name__}")
    return Temporary(f"{_name(client)}: its answer is not the JSON of a token server")


def _name(client: Client) -> str:
    """How messages to the operator name the server."""
    return f"token server {urlsplit(client.token_url).hostname}"


def _is_token(value: object) -> bool:
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None
