"""What must hold after a soak, seen from outside: the state folder read without mailbot, the mailbox, what the submission server took."""

from __future__ import annotations

import email.message
import email.policy
import json
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from office import JOB, RECRUITER, N, Office
from soak_people import People

_STAFF = {RECRUITER, N, JOB}


def broken(office: Office, people: People, outbox: list[dict[str, Any]]) -> Iterator[str]:
    """What does not hold, in words; nothing if all is well. `outbox` is what `mailbot outbox list` says."""
    state = office.folder / "state"
    filed = Counter(row["message_id"] for row in _rows(state, "messages") if row["direction"] == "in")
    yield from _count("lost", [each for each in people.written - people.poison if not filed[each]])
    yield from _count("filed twice", [each for each, times in filed.items() if times > 1])
    yield from _count("poisoned letters filed", [each for each in people.poison if filed[each]])
    broken_ones = office.json("quarantine", "list")
    if len(broken_ones) < len(people.poison):
        yield f"{len(broken_ones)} of {len(people.poison)} poisoned letters are in quarantine"
    yield from _verdicts(office, state)
    status = office.json("status", expect=1)
    yield from _outgoing(office, state, outbox, status["outbox"].get("held", 0))
    if status["breaker"] != "closed":
        yield "the breaker is open"


def twice(office: Office) -> tuple[int, int]:
    """How many messages the submission server took more than once: to candidates, to staff."""
    taken = Counter((transaction.rcpt[0] in _STAFF, message_id(transaction.data)) for transaction in office.smtp.transactions)
    return tuple(sum(times > 1 for (staff, _), times in taken.items() if staff is to_staff) for to_staff in (False, True))  # type: ignore[return-value]


def _verdicts(office: Office, state: Path) -> Iterator[str]:
    """Every message has one verdict, and of the copies of one message only one was acted on."""
    events = [json.loads(line)["event"] for line in (state / "ledger.jsonl").read_bytes().splitlines()]
    rows = {(event["folder"], event["uid"]): event for event in events if event["event"] == "verdict"}
    uids = [stored.uid for stored in office.imap.messages(office.user)]
    yield from _count("without a verdict", [uid for uid in uids if ("INBOX", uid) not in rows])
    acted = Counter(row["identity"] for row in rows.values() if row["verdict"] not in {"duplicate", "ours"} and row["identity"])
    yield from _count("decided twice", [identity for identity, times in acted.items() if times > 1])


def _outgoing(office: Office, state: Path, outbox: list[dict[str, Any]], shown: int) -> Iterator[str]:
    """Each message went out once and stands in Sent once, or is held and a person was told."""
    if to_candidates := twice(office)[0]:
        yield f"to candidates twice: {to_candidates}"
    entries = {entry["message_id"]: entry for entry in outbox}
    states = Counter(entry["state"] for entry in entries.values())
    if more := {name: count for name, count in states.items() if name not in {"sent", "held", "dropped"}}:
        yield f"neither sent nor held: {more}"
    if shown != states["held"]:
        yield "status does not count the held ones"
    told = sum(row["purpose"] == "held" for row in _rows(state, "intents"))
    if told < states["held"]:
        yield f"{states['held']} are held, and a person was told of {told}"
    taken = {message_id(transaction.data) for transaction in office.smtp.transactions}
    sent = {name for name, entry in entries.items() if entry["state"] == "sent"}
    yield from _count("called sent and never taken", sent - taken)
    known = {name for name, entry in entries.items() if entry["state"] in {"sent", "held"}}
    yield from _count("taken and neither sent nor held", taken - known)
    filed = Counter(message_id(stored.raw) for stored in office.imap.messages(office.user, "Sent"))
    yield from _count("not in Sent", [name for name in sent if not filed[name]])
    yield from _count("in Sent twice", [name for name, times in filed.items() if times > 1])


def message_id(raw: bytes) -> str:
    return str(email.message_from_bytes(raw.partition(b"\r\n\r\n")[0], policy=email.policy.default)["Message-ID"])


def _rows(state: Path, table: str) -> Iterator[dict[str, Any]]:
    for record in (*state.glob("applications/*/*/record.json"), *state.glob("office/*/record.json")):
        yield from json.loads(record.read_bytes())["tables"].get(table, {}).values()


def _count(what: str, names: Collection[object]) -> Iterator[str]:
    if names:
        yield f"{what}: {len(names)}"
