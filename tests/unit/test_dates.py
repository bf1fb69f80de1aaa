"""Days, times, counts and sizes in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from mailbot.hiring.model import Language
from mailbot.mail.dates import clock, day, instant, plural, size

PERM = ZoneInfo("Asia/Yekaterinburg")


@pytest.mark.parametrize(
    ("when", "nominative", "genitive"),
    [
        (date(2026, 11, 23), "понедельник, 23 ноября", "понедельника, 23 ноября"),
        (date(2026, 12, 1), "вторник, 1 декабря", "вторника, 1 декабря"),
        (date(2026, 1, 14), "среда, 14 января", "среды, 14 января"),
        (date(2026, 2, 26), "четверг, 26 февраля", "четверга, 26 февраля"),
        (date(2026, 5, 8), "пятница, 8 мая", "пятницы, 8 мая"),
        (date(2026, 8, 1), "суббота, 1 августа", "субботы, 1 августа"),
        (date(2026, 3, 1), "воскресенье, 1 марта", "воскресенья, 1 марта"),
    ],
)
def test_a_russian_day_stands_in_the_case_that_is_asked_for(when: date, nominative: str, genitive: str) -> None:
    assert day(when, "ru") == nominative
    assert day(when, "ru", "genitive") == genitive


def test_an_english_day_has_one_form() -> None:
    assert day(date(2026, 11, 26), "en") == day(date(2026, 11, 26), "en", "genitive") == "Thursday, 26 November"


def test_an_instant_is_shown_in_the_zone_of_the_office() -> None:
    late = datetime(2026, 11, 25, 20, 30, tzinfo=UTC)
    assert instant(late, "ru", PERM) == "четверг, 26 ноября, 01:30"
    assert day(late, "en", zone=PERM) == "Thursday, 26 November"
    assert clock(late, PERM) == "01:30"


def test_an_instant_is_shown_in_its_own_zone_if_no_other_is_given() -> None:
    assert instant(datetime(2026, 11, 25, 20, 30, tzinfo=UTC), "en") == "Wednesday, 25 November, 20:30"


def test_a_time_of_day_belongs_to_no_zone() -> None:
    assert clock(time(9, 5), PERM) == "09:05"


@pytest.mark.parametrize(
    ("form", "counts"),
    [
        ("день", (1, 21, 101, 1001, -1)),
        ("дня", (2, 3, 4, 22, 104, 2.5, 0.5)),
        ("дней", (0, 5, 10, 11, 12, 13, 14, 20, 25, 111, 112, 114, 1011)),
    ],
)
def test_russian_counts_take_the_right_form(form: str, counts: tuple[float, ...]) -> None:
    assert {plural(count, "день", "дня", "дней", language="ru") for count in counts} == {form}


def test_english_counts_take_the_right_form() -> None:
    assert [plural(count, "day", "days", language="en") for count in (0, 1, 1.5, 2, 11, 21)] == [
        "days",
        "day",
        "days",
        "days",
        "days",
        "days",
    ]


@pytest.mark.parametrize(("language", "forms"), [("ru", ("день", "дней")), ("en", ("day", "dayses", "days"))])
def test_a_wrong_number_of_forms_is_refused(language: Language, forms: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="forms are needed"):
        plural(1, *forms, language=language)


@pytest.mark.parametrize(
    ("count", "russian", "english"),
    [
        (0, "0 Б", "0 B"),
        (999, "999 Б", "999 B"),
        (1000, "1 КБ", "1 KB"),
        (184_320, "184 КБ", "184 KB"),
        (999_499, "999 КБ", "999 KB"),
        (999_500, "1,0 МБ", "1.0 MB"),
        (2_340_000, "2,3 МБ", "2.3 MB"),
    ],
)
def test_a_size_is_told_in_the_unit_that_fits(count: int, russian: str, english: str) -> None:
    assert size(count, "ru") == russian
    assert size(count, "en") == english
