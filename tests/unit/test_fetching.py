"""What a FETCH asks for, and what is read from the lines of its answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.mail import fetching
from mailbot.mail.mailbox import Headline

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def line(uid: int, date: str = "23-Nov-2026 17:00:00 +0500", size: int = 10) -> bytes:
    return f'{uid} (UID {uid} RFC822.SIZE {size} INTERNALDATE "{date}")'.encode()


def test_headlines_come_in_the_order_of_uids_and_once() -> None:
    assert [headline.uid for headline in fetching.headlines([line(9), line(2), line(9)])] == [2, 9]


def test_the_items_may_come_in_any_order_and_case() -> None:
    (headline,) = fetching.headlines([b'1 (internaldate " 3-Nov-2026 12:00:00 +0000" FLAGS (\\Seen) rfc822.size 5 uid 7)'])
    assert headline == Headline(7, 5, datetime(2026, 11, 3, 12, tzinfo=UTC))


@pytest.mark.parametrize("other", [None, b"1 (FLAGS (\\Seen))", b"1 (UID 3 FLAGS ())", b")", (b"1 (BODY[] {1}", b"x")])
def test_lines_that_tell_other_things_are_passed_over(other: object) -> None:
    assert [headline.uid for headline in fetching.headlines([other, line(4)])] == [4]


def test_the_zone_of_an_arrival_is_kept_and_never_missing() -> None:
    with_zone, without = fetching.headlines([line(1), line(2, "23-Nov-2026 12:00:00 -0000")])
    assert with_zone.arrived.utcoffset() == timedelta(hours=5)
    assert with_zone.arrived == without.arrived == NOON


@pytest.mark.parametrize("date", ["", "yesterday", "99-Nov-2026 12:00:00 +0500", "23-Nov-2026 12:00:00 +9999", "NIL"])
def test_an_unreadable_date_stops_no_other_message_and_makes_no_letter_old(date: str) -> None:
    bad, good = fetching.headlines([line(1, date), line(2)])
    assert bad.arrived > NOON
    assert good.arrived == NOON


def test_contents_are_taken_by_uid_and_nil_is_a_message_gone() -> None:
    lines = [(b"1 (UID 5 BODY[] {3}", b"abc"), b")", b"2 (UID 6 BODY[] NIL)", b"3 (FLAGS (\\Seen))"]
    assert fetching.contents(lines, b"BODY[]") == {5: b"abc"}
    assert fetching.contents([None], b"BODY[]") == {}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"Message-ID: <a@b>\r\n\r\n", "<a@b>"),
        (b"message-id:\r\n <a@b>\r\n\r\n", "<a@b>"),
        (b"\r\n", ""),
        (b"", ""),
        (b"X-Message-ID: <a@b>\r\n", ""),
    ],
)
def test_a_message_id_is_read_folded_or_not(header: bytes, expected: str) -> None:
    assert fetching.message_id(header) == expected


@given(st.lists(st.integers(0, 5000), max_size=200), st.integers(1, 10_000))
def test_batches_keep_every_message_in_order_and_within_bounds(sizes: list[int], batch_bytes: int) -> None:
    messages = [Headline(uid, size, NOON) for uid, size in enumerate(sizes, 1)]
    batches = list(fetching.batches(messages, batch_bytes))
    assert [message for batch in batches for message in batch] == messages
    assert all(len(batch) == 1 or sum(message.size for message in batch) <= batch_bytes for batch in batches)
    assert all(0 < len(batch) <= fetching.BATCH_MESSAGES for batch in batches)
