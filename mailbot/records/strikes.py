"""What the ledger counts of a message without a verdict: tries that did not end, and refusals of the server to give it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Open:
    """A message without a verdict."""

    arrived: str
    attempts: int = 0
    refusals: int = 0
    #: When the last refusal was counted; "" for none.
    refused: str = ""
    #: Stands for the Message-ID with which it was listed; "" where that is not known.
    message_id_hash: str = ""


def counted(before: Open | None, event: dict[str, Any]) -> Open | None:
    """Given a message before an event of the ledger, None if it was not known, return it afterwards; None where it still is not."""
    match event["event"]:
        case "seen":
            return before or Open(**{each.name: event[each.name] for each in fields(Open) if each.name in event})
        case "put_off":
            return before and replace(before, attempts=max(before.attempts - 1, 0))
    begun = before or Open(event["at"])
    if event["event"] == "refused":
        return replace(begun, refusals=begun.refusals + 1, refused=event["at"])
    return replace(begun, attempts=begun.attempts + 1)
