"""Tells a provider's "you have sent enough" from every other reply: after it each further try may prolong the block."""

from __future__ import annotations

import re

#: Enhanced status codes (RFC 3463) that say so by themselves: a day's limit (Gmail 5.4.5), recipients a day (Microsoft 365 5.1.90, 5.7.232,
#: 5.7.233), a tenant or an address over its threshold (5.7.508, 5.7.705).
_STATUS = re.compile(r"\b[45]\.(?:4\.5|1\.90|7\.(?:232|233|508|705))(?![.\d])")
_LETTERS = r"(?:messages?|mails?|e-?mails?|letters?)"
_BOUND = r"(?:limits?|quotas?|thresholds?|rate)"
#: Words of Yandex, Mail.ru, Gmail, Microsoft 365 and of servers that companies run themselves.
_WORDS = re.compile(
    "|".join(
        (
            r"\brate[- ]?limit",
            rf"\b(?:sending|send|sender|submission|{_LETTERS}|daily|hourly|relay|outgoing|outbound|user)(?:[- ]\w+){{0,4}}[- ]{_BOUND}\b",
            rf"\b{_BOUND}\b.{{0,60}}\b(?:exceed|reach|per (?:day|hour|minute)|a day|an hour|daily|sending|{_LETTERS})",
            rf"\b(?:exceed\w*|reach\w*|over)\b.{{0,60}}\b{_BOUND}\b",
            rf"\btoo (?:many|much) (?:\w+ ){{0,2}}{_LETTERS}\b",
            r"\b(?:unusual|excessive|high) (?:\w+ ){0,2}(?:rate|volume|number)\b",
            r"\b(?:sending|submitting|mailing) (?:\w+ ){0,3}too (?:fast|quickly|often)\b",
        )
    ),
    re.IGNORECASE,
)
#: Bounds that are not the account's: of a recipient (also by the status X.2.1, X.2.2 of a mailbox, X.5.3 of a transaction), of a message's
#: size, of a disk, of connections, of errors on one connection, of hops, of logins, of greylisting.
_NOT_OURS = re.compile(
    "|".join(
        (
            r"\b[45]\.(?:2\.[12]|5\.3|3\.[14])(?![.\d])",
            r"\b(?:the|this|your|that) recipient\b",
            r"\brecipient'?s? (?:mailbox|inbox|account|has|is over)\b",
            r"\b(?:trying|tried) to (?:contact|reach)\b",
            r"\bmailbox (?:is |has )?(?:full|over|exceed\w*)",
            r"\b(?:storage|disk|over quota|size|large|bytes|connections?|sessions?|errors|hops?)\b",
            r"\b(?:log-?ins?|logons?|authentication|gr[ae]ylist\w*)\b",
        )
    ),
    re.IGNORECASE,
)


def is_limit(code: int | None, text: str) -> bool:
    """Given a reply's code and text, say whether it means that this account may send no more for now.

    A wrong yes stops all sending until a person looks, so what speaks of the recipient, the message or the connection is none.
    """
    if code is None or not 400 <= code <= 599:
        return False
    return bool(_STATUS.search(text)) or bool(_WORDS.search(text) and not _NOT_OURS.search(text))
