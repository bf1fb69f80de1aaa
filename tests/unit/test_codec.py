"""The codec: what was written is read, and anything else is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from mailbot.codec import instant, instant_text, plain, typed
from mailbot.hiring.case import Intent

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=timezone(timedelta(hours=5)))
INTENT = Intent("i1", "questions", "candidate", "maria@mail.example", "<1@x>", "messages/1", NOW, "D14", "because", expires=NOW)


@dataclass(frozen=True)
class Odd:
    share: float


@dataclass(frozen=True)
class Scan:
    pages: tuple[tuple[str, int], ...]
    content: bytes


SCAN = Scan((("front", 1), ("back", 2)), bytes(range(256)))


def changed(**changes: Any) -> dict[str, Any]:
    return {**plain(INTENT), **changes}


def test_a_dataclass_comes_back_equal() -> None:
    assert typed(Intent, plain(INTENT)) == INTENT


def test_bytes_and_pairs_come_back_equal() -> None:
    stored = plain(SCAN)
    assert stored == {"pages": [["front", 1], ["back", 2]], "content": stored["content"]}
    assert isinstance(stored["content"], str)
    assert typed(Scan, stored) == SCAN


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": "%"},
        {"content": "AAA"},
        {"content": "Ж"},
        {"content": []},
        {"pages": [["front"]]},
        {"pages": [["front", 1, 2]]},
        {"pages": ["ab"]},
    ],
)
def test_damaged_bytes_and_pairs_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words of base64 are not ours
        typed(Scan, {**plain(SCAN), **wrong})


def test_an_instant_is_text_in_utc_that_sorts_like_it() -> None:
    assert instant_text(NOW) == "2026-11-23T10:00:00.000000Z"
    assert instant(instant_text(NOW)) == NOW
    assert instant_text(NOW) < instant_text(NOW + timedelta(microseconds=1)) < instant_text(NOW.astimezone(UTC) + timedelta(seconds=1))


def test_an_instant_without_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        instant_text(NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="without a zone"):
        instant("2026-11-23T10:00:00")


def test_a_field_that_came_later_takes_its_default() -> None:
    old = plain(INTENT)
    del old["outcome"]
    assert typed(Intent, old) == INTENT


@pytest.mark.parametrize(
    "wrong",
    [
        changed(id=1),
        changed(automatic=1),
        changed(audience="everybody"),
        changed(decided="yesterday"),
        changed(decided=None),
        changed(novel=True),
        {key: value for key, value in plain(INTENT).items() if key != "id"},
        [],
        None,
    ],
)
def test_what_does_not_fit_the_declared_types_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"expected|isoformat"):
        typed(Intent, wrong)


def test_what_can_not_be_stored_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="a float can not be stored"):
        plain(Odd(0.5))
    with pytest.raises(TypeError, match="can not be stored"):
        typed(Odd, {"share": 0.5})
