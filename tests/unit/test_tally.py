"""The tally: it says what a walk through every entry would say, whatever has happened to them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.records.entry import ALLOWED, Entry, Happening
from mailbot.records.outbox import Outbox

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HAPPENINGS: tuple[Happening, ...] = ("commit", "commit", "sent", "retry", "failed", "unknown", "held", "dropped", "resend")

entries: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    reference=st.sampled_from(["A-AAAAA", "A-BBBBB", "office/2026-11.0001", "office/2026-11.0002"]),
    purpose=st.sampled_from(["questions", "notice", "answered"]),
    audience=st.sampled_from(["candidate", "staff"]),
    automatic=st.booleans(),
    address_hash=st.sampled_from(["a", "b"]),
    domain_hash=st.sampled_from(["x", "y"]),
    belated=st.booleans(),
)
acts = st.one_of(
    entries,
    st.tuples(st.integers(0, 9), st.sampled_from(HAPPENINGS), st.integers(1, 2)),
    st.sampled_from(["A-AAAAA", "A-BBBBB"]),
    st.integers(-30, 2000),
    st.just("clock"),
    st.just("again"),
)


def expected(outbox: Outbox, entry: Entry, now: datetime, people: dict[str, datetime]) -> Iterator[Any]:
    """The same by walks."""
    known = outbox.entries()
    counted = [each for each in known if each.automatic and each.audience == "candidate" and each.committed_at and each.id != entry.id]
    of_address = [each for each in counted if each.address_hash == entry.address_hash]
    since = people.get(entry.reference)
    in_thread = [each for each in counted if each.reference == entry.reference]
    lately = [each for each in counted if each.committed_at and now - each.committed_at < HOUR]
    yield (
        sum(bool(each.committed_at and now - each.committed_at < DAY) for each in of_address),
        sum(bool(each.committed_at and (since is None or each.committed_at > since)) for each in in_thread),
        sum(each.domain_hash == entry.domain_hash for each in lately),
        len(lately),
    )
    yield sum(each.planned_at > now - HOUR and each.automatic and each.audience == "candidate" and not each.belated for each in known)
    yield sum(sum(at > now - DAY for at in each.times_on_wire()) for each in known)
    same = [each for each in known if each.address_hash == entry.address_hash and each.committed_at and now - each.committed_at < DAY]
    alike = [each for each in same if each.purpose == entry.purpose and (each.audience == "staff" or not each.automatic)]
    yield (
        (0, 0, 0)
        if entry.at != entry.planned_at
        else (
            sum(bool(each.committed_at and now - each.committed_at < HOUR) for each in alike),
            len(alike),
            sum(each.purpose == "notice" and each.reference.split(".")[0] == entry.reference.split(".")[0] for each in same),
        )
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(acts, max_size=40))
def test_the_caps_are_told_what_a_walk_through_every_entry_would_tell(happened: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        outbox, now = Outbox(Path(folder) / "outbox.jsonl"), NOW
        people: dict[str, datetime] = {}
        for number, act in enumerate(happened):
            if isinstance(act, dict):
                outbox.planned(Entry(id=f"i{number}", message_id=f"<{number}@x>", planned_at=now, at=now, **act))
            elif isinstance(act, tuple):
                which, what, recipients = act
                known = outbox.entries()
                if known and (entry := known[which % len(known)]).state in ALLOWED[what]:
                    outbox.record(entry.id, what, now, next=now if what == "retry" else None, recipients=recipients)
                    if what == "sent" and recipients > 1:
                        outbox.filed(entry.id, now, by_server=True)
            elif act == "clock":
                outbox.set_right(now)
            elif act == "again":
                outbox.close()
                outbox = Outbox(Path(folder) / "outbox.jsonl")
            elif isinstance(act, str):
                outbox.person_wrote(act, now)
                people[act] = now
            else:
                now += timedelta(minutes=act)
            known = outbox.entries()
            assert {each.id for each in outbox.unfiled()} == {each.id for each in known if each.state == "sent" and not each.filed}
            for entry in known:
                found = [outbox.counts(entry, now), outbox.decided_since(now - HOUR), outbox.went_out(now - DAY)]
                assert [*found, outbox.alike(entry, now, {"notice"})] == [*expected(outbox, entry, now, people)]
        outbox.close()
