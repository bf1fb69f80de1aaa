"""The outbox: nothing that may have gone out is ever taken for unsent, and the caps survive a restart."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailbot.errors import Permanent, Temporary
from mailbot.records.journal import Journal
from mailbot.records.outbox import Entry, Happening, Outbox, State

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ENTRY = Entry("a", "A-7F3K9", "questions", "candidate", True, "<mb1.a@office.example>", "address1", "domain1", NOW, NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.jsonl"


def through(path: Path, *happenings: Happening, entry: Entry = ENTRY, at: datetime = NOW) -> Outbox:
    outbox = Outbox(path)
    outbox.planned(entry)
    for happening in happenings:
        outbox.record(entry.id, happening, at)
    return outbox


def state(outbox: Outbox, id: str = "a") -> State:
    entry = outbox.get(id)
    assert entry
    return entry.state


def send(outbox: Outbox, entry: Entry, at: datetime) -> None:
    outbox.planned(entry)
    outbox.record(entry.id, "attempt", at)
    outbox.record(entry.id, "commit", at)
    outbox.record(entry.id, "sent", at)


@pytest.mark.parametrize(
    ("happenings", "running", "restarted"),
    [
        ((), "planned", "planned"),
        (("attempt",), "planned", "planned"),
        (("attempt", "commit"), "committed", "unknown"),
        (("attempt", "commit", "sent"), "sent", "sent"),
        (("attempt", "commit", "retry"), "retry", "retry"),
        (("attempt", "retry"), "retry", "retry"),
        (("attempt", "failed"), "failed", "failed"),
        (("attempt", "commit", "failed"), "failed", "failed"),
        (("attempt", "commit", "unknown"), "unknown", "unknown"),
        (("attempt", "commit", "unknown", "sent"), "sent", "sent"),
        (("attempt", "commit", "unknown", "held"), "held", "held"),
        (("held", "dropped"), "dropped", "dropped"),
        (("held", "resend"), "planned", "planned"),
        (("attempt", "commit", "sent", "failed"), "failed", "failed"),
    ],
)
def test_each_way_through_the_states_survives_a_restart(
    path: Path, happenings: tuple[Happening, ...], running: State, restarted: State
) -> None:
    assert state(through(path, *happenings)) == running
    assert state(Outbox(path)) == restarted
    assert state(Outbox(path)) == restarted


@pytest.mark.parametrize(
    ("before", "never"),
    [
        ((), "sent"),
        ((), "unknown"),
        (("commit",), "commit"),
        (("commit",), "attempt"),
        (("commit",), "dropped"),
        (("commit", "sent"), "commit"),
        (("commit", "sent"), "retry"),
        (("commit", "sent"), "resend"),
        (("commit", "sent"), "dropped"),
        (("dropped",), "commit"),
        (("dropped",), "resend"),
        (("failed",), "commit"),
    ],
)
def test_what_can_not_happen_is_a_bug_and_is_not_written(path: Path, before: tuple[Happening, ...], never: Happening) -> None:
    outbox = through(path, *before)
    size = path.stat().st_size
    with pytest.raises(ValueError, match="can not happen"):
        outbox.record("a", never, NOW)
    assert path.stat().st_size == size


def test_who_only_looks_sees_a_message_committed_and_writes_nothing(path: Path) -> None:
    through(path, "commit")
    size = path.stat().st_size
    assert state(Outbox(path, writer=False)) == "committed"
    assert path.stat().st_size == size


def test_commit_is_on_the_disk_before_it_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = through(path)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    outbox.record("a", "attempt", NOW)
    assert not synced
    outbox.record("a", "commit", NOW)
    assert len(synced) == 1


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_commit_that_could_not_be_written_did_not_happen(path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    outbox = through(path, "attempt")

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, refuse)
        with pytest.raises(Temporary, match="the disk is full"):
            outbox.record("a", "commit", NOW)
    assert state(outbox) == "planned"
    assert state(Outbox(path)) == "planned"


def test_every_prefix_is_a_legal_state_and_never_forgets_an_acknowledged_commit(path: Path) -> None:
    through(path, "attempt", "commit", "sent").close()
    content = path.read_bytes()
    ends = [place for place, byte in enumerate(content) if byte == ord("\n")]
    for length in range(len(content) + 1):
        path.write_bytes(content[:length])
        outbox = Outbox(path)
        lines = sum(end < length for end in ends)
        expected: tuple[State | None, ...] = (None, "planned", "planned", "unknown", "sent")
        entry = outbox.get("a")
        assert (entry.state if entry else None) == expected[lines]


def test_planning_again_changes_nothing(path: Path) -> None:
    outbox = through(path, "attempt", "commit", "sent")
    size = path.stat().st_size
    outbox.planned(ENTRY)
    assert state(outbox) == "sent"
    assert path.stat().st_size == size


def test_attempts_reason_and_next_try_are_kept(path: Path) -> None:
    outbox = through(path, "attempt")
    outbox.record("a", "retry", NOW, reason="451 greylisted", next=NOW + 5 * MINUTE)
    outbox.record("a", "attempt", NOW + 5 * MINUTE)
    for each in (outbox, Outbox(path)):
        entry = each.get("a")
        assert entry
        assert (entry.attempts, entry.reason, entry.next, entry.at) == (2, "451 greylisted", NOW + 5 * MINUTE, NOW)


def test_due_is_what_is_to_be_sent_or_looked_for_now(path: Path) -> None:
    outbox = Outbox(path)
    for name in ("now", "later", "retried", "unknown", "held", "sent"):
        outbox.planned(replace(ENTRY, id=name, not_before=NOW + 10 * MINUTE if name == "later" else None))
    outbox.record("retried", "retry", NOW, next=NOW + 5 * MINUTE)
    outbox.record("unknown", "commit", NOW)
    outbox.record("unknown", "unknown", NOW, next=NOW + MINUTE)
    outbox.record("held", "held", NOW)
    outbox.record("sent", "commit", NOW)
    outbox.record("sent", "sent", NOW)
    assert [entry.id for entry in outbox.due(NOW)] == ["now"]
    assert [entry.id for entry in outbox.due(NOW + MINUTE)] == ["now", "unknown"]
    assert [entry.id for entry in outbox.due(NOW + 10 * MINUTE)] == ["now", "later", "retried", "unknown"]


def test_what_a_person_has_sent_again_waits_for_nothing_and_counts_no_more(path: Path) -> None:
    outbox = through(path, "held", "resend", entry=replace(ENTRY, not_before=NOW + timedelta(days=1), waits_for_reading=True))
    for each in (outbox, Outbox(path)):
        entry = each.due(NOW)[0]
        assert not entry.automatic
        assert not entry.waits_for_reading


def test_caps_count_what_may_have_gone_out_and_survive_a_restart(path: Path) -> None:
    outbox = Outbox(path)
    send(outbox, replace(ENTRY, id="yesterday"), NOW - timedelta(hours=24))
    send(outbox, replace(ENTRY, id="morning"), NOW - timedelta(hours=2))
    send(outbox, replace(ENTRY, id="other address", address_hash="address2", reference="A-00000"), NOW - 30 * MINUTE)
    send(outbox, replace(ENTRY, id="other domain", address_hash="address3", domain_hash="domain2", reference="A-00000"), NOW - 20 * MINUTE)
    send(outbox, replace(ENTRY, id="staff", audience="staff"), NOW)
    send(outbox, replace(ENTRY, id="a person's", automatic=False), NOW)
    through(path, "held", entry=replace(ENTRY, id="held"))
    outbox = through(path, "commit", "retry", entry=replace(ENTRY, id="refused"))
    outbox.planned(replace(ENTRY, id="maybe"))
    outbox.record("maybe", "commit", NOW)
    outbox.planned(ENTRY)
    for each in (outbox, Outbox(path)):
        assert each.counts(ENTRY, NOW) == (2, 3, 2, 3)
        # The message itself is not among those before it.
        assert each.counts(replace(ENTRY, id="maybe"), NOW) == (1, 2, 1, 2)


def test_a_person_in_the_thread_starts_its_count_anew(path: Path) -> None:
    outbox = Outbox(path)
    send(outbox, replace(ENTRY, id="before"), NOW - 2 * MINUTE)
    outbox.person_wrote(ENTRY.reference, NOW - MINUTE)
    send(outbox, replace(ENTRY, id="after"), NOW)
    for each in (outbox, Outbox(path)):
        assert each.counts(ENTRY, NOW)[1] == 1


def test_compaction_keeps_what_is_open_and_every_number_the_caps_need(path: Path) -> None:
    outbox = Outbox(path)
    outbox.person_wrote("A-00000", NOW)
    for number in range(4):
        send(outbox, replace(ENTRY, id=f"old{number}"), NOW)
        outbox.filed(f"old{number}", NOW, by_server=False)
    send(outbox, replace(ENTRY, id="not filed"), NOW)
    send(outbox, replace(ENTRY, id="unsettled"), NOW)
    outbox.filed("unsettled", NOW, by_server=False)
    through(path, "held", entry=replace(ENTRY, id="held"))
    outbox = through(path, "commit", entry=replace(ENTRY, id="committed"))
    later = NOW + timedelta(days=3)
    send(outbox, replace(ENTRY, id="new"), later)
    before = outbox.counts(ENTRY, later)
    size = path.stat().st_size
    outbox.compact(later, unsettled={"unsettled"})
    assert path.stat().st_size < size
    for each in (outbox, Outbox(path)):
        assert [entry.id for entry in each.entries()] == ["not filed", "unsettled", "held", "committed", "new"]
        assert each.counts(ENTRY, later) == before == (1, 8, 1, 1)
        assert each.server_files() is False
    outbox.person_wrote(ENTRY.reference, later)
    assert Outbox(path).counts(ENTRY, later)[1] == 0


def test_a_journal_whose_lines_can_go_is_compacted_before_anything_is_old(path: Path) -> None:
    outbox = Outbox(path)
    for number in range(400):
        send(outbox, replace(ENTRY, id=f"{number}"), NOW)
        outbox.filed(f"{number}", NOW, by_server=False)
    outbox.planned(replace(ENTRY, id="open"))
    before = outbox.entries()
    outbox.compact(NOW + MINUTE)
    assert len(path.read_bytes().splitlines()) < 410
    for each in (outbox, Outbox(path)):
        assert each.entries() == before
        assert [entry.id for entry in each.due(NOW)] == ["open"]
        assert each.counts(ENTRY, NOW)[1] == 400


def test_what_was_committed_before_a_compaction_is_unknown_after_it(path: Path) -> None:
    outbox = through(path, "commit", "sent", entry=replace(ENTRY, id="done"))
    outbox.filed("done", NOW, by_server=True)
    outbox.planned(ENTRY)
    outbox.record("a", "commit", NOW)
    outbox.compact(NOW + timedelta(days=3))
    assert state(outbox) == "committed"
    assert state(Outbox(path)) == "unknown"


def test_what_was_sent_is_filed_once_and_tells_whether_the_server_does_it(path: Path) -> None:
    outbox = through(path, "commit", "sent")
    assert outbox.server_files() is None
    assert [entry.id for entry in outbox.unfiled()] == ["a"]
    outbox.filed("a", NOW, by_server=True)
    for each in (outbox, Outbox(path)):
        assert each.server_files() is True
        assert each.unfiled() == ()


def test_an_event_that_is_not_understood_is_refused_in_words(path: Path) -> None:
    through(path)
    Journal(path).append({"event": "blessed", "id": "a", "at": "2026-11-23T10:00:00Z", "reason": "", "next": None})
    with pytest.raises(Permanent, match="can not be understood"):
        Outbox(path)


def test_an_event_of_an_unknown_message_is_refused(path: Path) -> None:
    through(path)
    Journal(path).append({"event": "sent", "id": "b", "at": "2026-11-23T10:00:00Z", "reason": "", "next": None})
    with pytest.raises(Permanent, match="can not be understood"):
        Outbox(path)


def test_what_goes_to_one_address_is_counted_by_its_purpose_and_its_application(path: Path) -> None:
    outbox = Outbox(path)
    for number, (minutes, purpose, address, reference) in enumerate(
        [
            (24 * 60, "relay", "address1", "A-7F3K9"),
            (23 * 60, "relay", "address1", "A-7F3K9"),
            (61, "relay", "address1", "A-00000"),
            (59, "relay", "address1", "A-7F3K9"),
            (5, "relay", "address1", "A-7F3K9"),
            (5, "notice", "address1", "A-7F3K9"),
            (5, "notice", "address1", "A-00000"),
            (5, "relay", "address2", "A-7F3K9"),
        ]
    ):
        at = NOW - minutes * MINUTE
        sent = replace(ENTRY, id=str(number), purpose=purpose, automatic=False, address_hash=address, reference=reference)
        send(outbox, replace(sent, planned_at=at, at=at), at)
    relay = replace(ENTRY, id="new", purpose="relay", automatic=False)
    outbox.planned(relay)
    for each in (outbox, Outbox(path)):
        assert each.alike(relay, NOW, {"notice", "hint"}) == (2, 4, 1)
        assert each.alike(relay, NOW, {"notice", "relay"}) == (2, 4, 4)
    outbox.record("new", "held", NOW)
    outbox.record("new", "resend", NOW + MINUTE)
    again = outbox.get("new")
    assert again
    assert outbox.alike(again, NOW + MINUTE, {"notice"}) == (0, 0, 0)


def test_the_parts_of_the_office_are_one(path: Path) -> None:
    outbox = Outbox(path)
    for number, reference in enumerate(("office/2026-11", "office/2026-11.0001", "office/2026-11.0002", "A-7F3K9")):
        send(outbox, replace(ENTRY, id=str(number), purpose="refused", audience="staff", reference=reference), NOW)
    asked = replace(ENTRY, id="new", purpose="refused", audience="staff", reference="office/2026-11.0003")
    assert outbox.alike(asked, NOW, {"refused"}) == (4, 4, 3)


def test_all_that_may_have_gone_out_is_counted_for_the_provider(path: Path) -> None:
    outbox = Outbox(path)
    send(outbox, replace(ENTRY, id="letter"), NOW - timedelta(hours=23))
    send(outbox, replace(ENTRY, id="notice", audience="staff", purpose="notice"), NOW)
    send(outbox, replace(ENTRY, id="relay", automatic=False, purpose="relay"), NOW)
    send(outbox, replace(ENTRY, id="long ago"), NOW - timedelta(hours=24))
    through(path, "held", entry=replace(ENTRY, id="held"))
    # Certainly not taken.
    through(path, "commit", "retry", entry=replace(ENTRY, id="refused"))
    through(path, "commit", "failed", entry=replace(ENTRY, id="refused for good"))
    # Taken, and it came back.
    through(path, "commit", "sent", "failed", entry=replace(ENTRY, id="bounced"))
    # It may have gone out each time.
    outbox = through(path, "commit", "unknown", "retry", "commit", "sent", entry=replace(ENTRY, id="repeated", audience="staff"))
    outbox.planned(replace(ENTRY, id="with a witness"))
    outbox.record("with a witness", "commit", NOW, recipients=2)
    since = NOW - timedelta(hours=24)
    for each in (outbox, Outbox(path)):
        assert each.went_out(since) == 3 + 1 + 2 + 2
        assert each.went_out(NOW) == 0


def test_compaction_keeps_what_the_provider_counts(path: Path) -> None:
    outbox = Outbox(path)
    for number in range(3):
        send(outbox, replace(ENTRY, id=f"old{number}"), NOW)
        outbox.filed(f"old{number}", NOW, by_server=True)
    later = NOW + timedelta(days=2)
    outbox.planned(replace(ENTRY, id="new"))
    outbox.record("new", "commit", later, recipients=2)
    outbox.record("new", "unknown", later)
    outbox.record("new", "commit", later + MINUTE, recipients=2)
    outbox.record("new", "sent", later + MINUTE)
    outbox.compact(later + MINUTE)
    for each in (outbox, Outbox(path)):
        assert [entry.id for entry in each.entries()] == ["new"]
        assert each.went_out(later - MINUTE) == 4


def test_an_entry_that_an_older_mailbot_has_compacted_counts_as_one(path: Path) -> None:
    outbox = Outbox(path)
    outbox.planned(replace(ENTRY, state="sent", committed_at=NOW, on_wire=()))
    assert outbox.went_out(NOW - MINUTE) == 1
