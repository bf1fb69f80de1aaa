"""Whether a message is from whom it says: what the own mail server found, in its Authentication-Results header (RFC 8601).

The header is only as good as the server that wrote it. So the server is pinned by name, only its topmost header counts (everything
below may have come with the message), and where anything is not readable there is no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import authres

from mailbot.hiring.model import Message

Dmarc = Literal["pass", "fail", "none"]

#: Providers write 1 to 3 KB; longer is made to keep the parser busy.
LENGTH_LIMIT = 16_384
#: The name in front, after comments (RFC 8601 section 2.2).
SERVER = re.compile(r"\s*(?:\([^()]*\)\s*)*([^\s;()]+)")


def verdict(message: Message, authserv_id: str) -> tuple[Dmarc, bool]:
    """What is known of the origin of `message`: the DMARC result, and whether the address in From is proven to be its sender's.

    `authserv_id` is the name by which the own server signs its results, "*.example.org" for a provider whose servers each use their own
    name, or "" if none is pinned: then the topmost header stands for DMARC (of which a failure alone is believed by the caller), and
    nothing is proven. Aligned is what passed DMARC for the domain of From, or has a valid DKIM signature of that domain or of a parent of
    it (RFC 7489 section 3.1.1; not of a subdomain, which may be let to others). Raises nothing.
    """
    header = next((value for value in message.all("authentication-results") if _is_from(value, authserv_id)), "")
    results = tuple(_results(header, authserv_id))
    found = {result for method, result, _ in results if method == "dmarc"}
    dmarc: Dmarc = "fail" if "fail" in found else "pass" if "pass" in found else "none"
    if not authserv_id or dmarc == "fail" or message.sender is None or len(message.all("from")) != 1:
        return dmarc, False
    own = message.sender.domain
    return dmarc, any(
        result == "pass" and (_covers(domain, own) if method == "dkim" else _covers(domain or own, own))
        for method, result, domain in results
        if method in {"dmarc", "dkim"}
    )


def _is_from(header: str, authserv_id: str) -> bool:
    """Whether the server `authserv_id` ("" for any) signs this header: its first word tells, so it counts even if the rest is broken."""
    if not authserv_id:
        return True
    match = SERVER.match(header[:LENGTH_LIMIT])
    name, wanted = match[1].lower() if match else "", authserv_id.lower()
    return name.endswith(wanted[1:]) if wanted.startswith("*.") else name == wanted


def _results(header: str, authserv_id: str) -> Iterator[tuple[str, str, str]]:
    """Method, result and the domain that it speaks of ("" if it names none), each lower case; nothing of a header that is not readable."""
    if not header or len(header) > LENGTH_LIMIT:
        return
    parsed = _parsed(header)
    if parsed is None and not authserv_id:
        # Microsoft leaves out the name of the server.
        parsed = _parsed(f"unnamed; {header}")
    for result in parsed.results if parsed is not None else ():
        # "none" after other results is an object without a method.
        method = getattr(result, "method", None) or ""
        named = {(str(item.type).lower(), str(item.name).lower()): str(item.value) for item in getattr(result, "properties", ())}
        wanted = ("from",) if method.lower() == "dmarc" else ("d", "i")
        domain = next((named["header", key] for key in wanted if ("header", key) in named), "")
        yield method.lower(), str(getattr(result, "result", "")).lower(), domain.rpartition("@")[2].strip().lower()


def _parsed(header: str) -> Any:
    try:
        return authres.FeatureContext().parse_value(header)
    except Exception:
        # The parser raises its own errors, and others on what it did not foresee; all of them mean: no verdict.
        return None


def _covers(signed: str, own: str) -> bool:
    return signed == own or ("." in signed and own.endswith(f".{signed}"))
