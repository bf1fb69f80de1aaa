"""What must hold after every trial, seen from outside: the mailbox, the SMTP server, the state folder read without mailbot, the log."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crash_story import PERSONAL, WRITTEN_TO, Scene, parsed
from office import JOB, N
from trials import Aftermath, lines, outbox

_OURS = re.compile(r"<mb1\.([a-z2-7]{16})\.[0-9a-f]{32}@")
#: What may become of a message that is sent when nobody hinders it. Unknown and held are shown to a person.
_FATES = {"sent", "unknown", "held"}


def broken(scene: Scene, after: Aftermath) -> list[str]:
    """What does not hold, in words; nothing if all is well."""
    return [*_processes(after), *_inbound(after), *_machines(after), *_outbound(scene, after), *_mailbox(after), *_log(after)]


def held(after: Aftermath) -> int:
    """How many messages wait for a person because nobody can know whether they went out."""
    return sum(state in {"unknown", "held"} for state, _ in outbox(after.state).values())


def _processes(after: Aftermath) -> Iterator[str]:
    """I6: the state loads, and every later pass ends well."""
    if any(after.statuses[1:]):
        yield f"I6: the passes afterwards ended with {after.statuses[1:]}"
    for record in _records(after.state):
        if not record.get("tables"):
            yield "I6: a record has no tables"


def _inbound(after: Aftermath) -> Iterator[str]:
    """I1: every message that came has a verdict; what was there before mailbot is left alone, what can not be read is kept byte for byte,
    and all else is filed, each once."""
    filed = Counter(
        row["message_id"] for record in _records(after.state) for row in record["tables"]["messages"].values() if row["direction"] == "in"
    )
    kept = Counter(path.read_bytes() for path in after.state.glob("quarantine/*.eml") if path.with_suffix(".json").exists())
    verdicts = _verdicts(after.state)
    for stored, message in zip(after.after["INBOX"], parsed(each.raw for each in after.after["INBOX"]), strict=True):
        verdict = verdicts.get(stored.uid, "")
        if not verdict:
            yield f"I1: message {stored.uid} of INBOX has no verdict"
        count = filed[message["Message-ID"]]
        if count != (verdict not in ("old", "quarantine")):
            yield f"I1: message {stored.uid}, {verdict}, is filed {count} times"
        if kept[stored.raw] != (verdict == "quarantine"):
            yield f"I1: message {stored.uid}, {verdict}, is {kept[stored.raw]} times in quarantine"


def _verdicts(state: Path) -> dict[int, str]:
    """UID in INBOX -> the verdict that stands, read without mailbot."""
    uidvalidity = 0
    found: dict[int, str] = {}
    for line in lines(state / "ledger.jsonl"):
        if line["folder"] == "INBOX" and line["event"] in {"contact", "validity"}:
            uidvalidity = line["uidvalidity"]
            # What was there at first contact is told from the rest by this alone.
            found = dict.fromkeys(range(1, line.get("uidnext", 1)), "old")
        elif line["folder"] == "INBOX" and line["event"] == "verdict" and line["uidvalidity"] == uidvalidity:
            found[line["uid"]] = line["verdict"]
    return found


def _machines(after: Aftermath) -> Iterator[str]:
    """I4: nobody is written to but candidates and staff, one at a time."""
    for transaction in after.taken:
        if len(transaction.rcpt) != 1 or not WRITTEN_TO.issuperset(transaction.rcpt):
            yield f"I4: a message went to {transaction.rcpt}"


def _outbound(scene: Scene, after: Aftermath) -> Iterator[str]:
    """I2, I3, I5: what was to be done is decided, each once; each message went out once, or a person is shown that nobody can know."""
    intents = _intents(after.state)
    wanted = _intents(scene.clean.state)
    states = outbox(after.state)
    if lost := sorted(wanted[each] for each in wanted.keys() - intents.keys()):
        yield f"I3: never decided: {lost}"
    # Staff are told of what is held, and of nothing else that nobody asked for.
    more = sorted(intents[each] for each in intents.keys() - wanted.keys())
    shown = [what for each, what in intents.items() if states.get(each, ("", ""))[0] == "held"]
    # A word on a held message that had its effect before the stop is read again; then staff are told that it has been decided on.
    if [what for what in more if (scene.moment.name, what) != ("word", "returned to staff")] != ["held to staff"] * len(shown):
        yield f"I3: decided besides: {more}, while these are held: {shown}"
    taken = Counter(_intent(message["Message-ID"] or "") for message in parsed(each.data for each in after.taken))
    earlier = {_intent(message["Message-ID"] or "") for message in parsed(each.raw for each in after.moment.mail["Sent"])}
    usually = outbox(scene.clean.state)
    outcomes, usual_outcomes = _outcomes(after.state), _outcomes(scene.clean.state)
    for intent, what in intents.items():
        # The outbox forgets what is done; its record does not.
        state, audience = states.get(intent, (outcomes[intent] or "not in the outbox", ""))
        usual = usually.get(intent, (usual_outcomes.get(intent, "sent"), ""))[0]
        if state not in ({usual} if usual != "sent" else _FATES):
            yield f"I3: {what} is {state}"
        if taken[intent] and state not in _FATES:
            yield f"I5: {what} went out and is {state}"
        if state == "sent" and not taken[intent] and intent not in earlier:
            yield f"I5: {what} is called sent and went out never"
        # A notice of unknown fate may repeat after an hour, as the same message.
        if taken[intent] > (2 if audience == "staff" and "unknown" in _history(after.state, intent) else 1):
            yield f"I2: {what} went out {taken[intent]} times"
    strays = taken.keys() - intents.keys()
    # A mailbot that can not start tells n@ past its state, once a day.
    last_words = sorted(stray for stray in strays if stray.startswith("<mailbot."))
    for stray in strays - set(last_words[:1]):
        yield f"I2: a message went out that no record intends: {stray}"
    if any(last_words[0].encode() in each.data and each.rcpt != (N,) for each in after.taken if last_words):
        yield "I4: what is for n@ went to somebody else"
    for identity, count in Counter(each.data for each in after.taken).items():
        if count > 1 and not any("unknown" in _history(after.state, one) for one in taken if one.encode() in identity):
            yield "I2: the same bytes went out twice"


def _mailbox(after: Aftermath) -> Iterator[str]:
    """I8: no flag, no message, no folder is changed, but for our own messages in Sent, each there once."""
    for folder in ("INBOX", "Junk"):
        if after.moment.mail[folder] != after.after[folder]:
            yield f"I8: {folder} is not as it was"
    old = after.moment.mail["Sent"]
    if after.after["Sent"][: len(old)] != old:
        yield "I8: what stood in Sent is not as it was"
    new = parsed(stored.raw for stored in after.after["Sent"][len(old) :])
    for message_id, count in Counter(message["Message-ID"] for message in new).items():
        if count > 1:
            yield f"I8: {message_id} stands in Sent {count} times"
    if any(not _OURS.match(message["Message-ID"]) or JOB not in message["From"] for message in new):
        yield "I8: something strange stands in Sent"
    if any(stored.flags != frozenset({r"\Seen"}) for stored in after.after["Sent"][len(old) :]):
        yield "I8: what was filed in Sent is not marked as seen"


def _log(after: Aftermath) -> Iterator[str]:
    """I7: no personal data. And what happens to a disk is no bug of ours."""
    for words in PERSONAL:
        if words in after.log:
            yield f"I7: the log holds {words!r}"
    for words in ("a bug", "could not be handled", "could not be sent"):
        if words in after.log:
            yield f"the log says {words!r}"


def _records(state: Path) -> Iterator[dict[str, Any]]:
    for path in (*state.glob("applications/*/*/record.json"), *state.glob("office/*/record.json")):
        yield json.loads(path.read_bytes())


def _intents(state: Path) -> dict[str, str]:
    """intent -> what it is, of every record."""
    return {
        row["id"]: f"{row['purpose']} to {row['audience']}" for record in _records(state) for row in record["tables"]["intents"].values()
    }


def _outcomes(state: Path) -> dict[str, str]:
    """intent -> what became of it, as far as its record knows."""
    return {row["id"]: row["outcome"] for record in _records(state) for row in record["tables"]["intents"].values()}


def _intent(message_id: str) -> str:
    ours = _OURS.match(message_id)
    return ours[1] if ours else message_id


def _history(state: Path, intent: str) -> set[str]:
    return {line["event"] for line in lines(state / "outbox.jsonl") if line.get("id") == intent}
