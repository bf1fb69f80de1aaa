"""Working days, office hours and deadlines, against the decrees on the transfer of days off for 2024 to 2027."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.hiring.company import Office
from mailbot.hiring.worktime import Worktime, worktime

PERM = ZoneInfo("Asia/Yekaterinburg")
BERLIN = ZoneInfo("Europe/Berlin")
PERM_OFFICE = Office("RU", "Asia/Yekaterinburg", time(10), time(19))
OFFICE = worktime(PERM_OFFICE)


def perm(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PERM)


def office(
    country: str = "RU",
    timezone: str = "Asia/Yekaterinburg",
    opens: time = time(10),
    closes: time = time(19),
    off: tuple[date, ...] = (),
    working: tuple[date, ...] = (),
) -> Worktime:
    return worktime(Office(country, timezone, opens, closes, off, working))


def days(text: str) -> tuple[date, ...]:
    """ "2024-01-01..08 2024-02-23" -> the days."""
    found: list[date] = []
    for word in text.split():
        first, _, last = word.partition("..")
        day = date.fromisoformat(first)
        found += [day.replace(day=n) for n in range(day.day, int(last or day.day) + 1)]
    return tuple(found)


# Weekdays that are off, and days at weekends that are worked: decrees 1314/2023, 1335/2024, 1466/2025, and the one for 2027.
OFF_ON_WEEKDAYS = {
    2024: "2024-01-01..05 2024-01-08 2024-02-23 2024-03-08 2024-04-29..30 2024-05-01 2024-05-09..10 2024-06-12 2024-11-04 2024-12-30..31",
    2025: "2025-01-01..03 2025-01-06..08 2025-05-01..02 2025-05-08..09 2025-06-12..13 2025-11-03..04 2025-12-31",
    2026: "2026-01-01..02 2026-01-05..09 2026-02-23 2026-03-09 2026-05-01 2026-05-11 2026-06-12 2026-11-04 2026-12-31",
    2027: "2027-01-01 2027-01-04..08 2027-02-22..23 2027-03-08 2027-05-03 2027-05-10 2027-06-14 2027-11-04..05 2027-12-31",
}
WORKED_AT_WEEKENDS = {2024: "2024-04-27 2024-11-02 2024-12-28", 2025: "2025-11-01", 2026: "", 2027: "2027-02-20"}
# The statistical totals of the official production calendar.
WORKING_DAYS_IN_YEAR = {2024: 248, 2025: 247, 2026: 247, 2027: 247}


@pytest.mark.parametrize("year", [2024, 2025, 2026, 2027])
def test_every_day_of_the_year_is_as_its_decree_says(year: int) -> None:
    off, worked = days(OFF_ON_WEEKDAYS[year]), days(WORKED_AT_WEEKENDS[year])
    every_day = [date(year, 1, 1) + timedelta(n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]

    expected = [day for day in every_day if (day.weekday() < 5 and day not in off) or day in worked]

    assert len(expected) == WORKING_DAYS_IN_YEAR[year]
    assert [day for day in every_day if OFFICE.is_working_day(day)] == expected


@pytest.mark.parametrize(
    ("arrived", "due"),
    [
        # An ordinary week: before opening, in office hours, after closing and at midnight make no difference, only the day does.
        ("2026-11-23T08:00", "2026-11-26T19:00"),
        ("2026-11-23T12:00", "2026-11-26T19:00"),
        ("2026-11-23T23:59:59", "2026-11-26T19:00"),
        ("2026-11-24T00:00", "2026-11-27T19:00"),
        # Over a weekend, and on one.
        ("2026-11-20T12:00", "2026-11-25T19:00"),
        ("2026-11-21T12:00", "2026-11-25T19:00"),
        ("2026-11-22T12:00", "2026-11-25T19:00"),
        # New Year.
        ("2023-12-29T12:00", "2024-01-11T19:00"),
        ("2024-12-27T18:00", "2025-01-10T19:00"),
        ("2024-12-28T18:00", "2025-01-13T19:00"),
        ("2025-12-30T12:00", "2026-01-14T19:00"),
        ("2026-12-30T12:00", "2027-01-13T19:00"),
        ("2027-01-03T12:00", "2027-01-13T19:00"),
        # 23 February; in 2027 with a working Saturday before it.
        ("2024-02-22T12:00", "2024-02-28T19:00"),
        ("2025-02-21T12:00", "2025-02-26T19:00"),
        ("2026-02-20T12:00", "2026-02-26T19:00"),
        ("2027-02-19T12:00", "2027-02-25T19:00"),
        ("2027-02-20T12:00", "2027-02-26T19:00"),
        # 8 March.
        ("2024-03-07T12:00", "2024-03-13T19:00"),
        ("2025-03-07T12:00", "2025-03-12T19:00"),
        ("2026-03-06T12:00", "2026-03-12T19:00"),
        ("2027-03-05T12:00", "2027-03-11T19:00"),
        # May; in 2024 with a working Saturday.
        ("2024-04-26T12:00", "2024-05-03T19:00"),
        ("2024-04-27T12:00", "2024-05-06T19:00"),
        ("2024-05-08T12:00", "2024-05-15T19:00"),
        ("2025-04-30T12:00", "2025-05-07T19:00"),
        ("2025-05-07T12:00", "2025-05-14T19:00"),
        ("2026-04-30T12:00", "2026-05-06T19:00"),
        ("2026-05-08T12:00", "2026-05-14T19:00"),
        ("2027-04-30T12:00", "2027-05-06T19:00"),
        ("2027-05-07T12:00", "2027-05-13T19:00"),
        # June.
        ("2024-06-11T12:00", "2024-06-17T19:00"),
        ("2025-06-11T12:00", "2025-06-18T19:00"),
        ("2026-06-11T12:00", "2026-06-17T19:00"),
        ("2027-06-11T12:00", "2027-06-17T19:00"),
        # November; in 2024 and 2025 with a working Saturday.
        ("2024-11-01T12:00", "2024-11-06T19:00"),
        ("2024-11-02T12:00", "2024-11-07T19:00"),
        ("2025-10-31T12:00", "2025-11-06T19:00"),
        ("2025-11-01T12:00", "2025-11-07T19:00"),
        ("2026-11-03T12:00", "2026-11-09T19:00"),
        ("2027-11-03T12:00", "2027-11-10T19:00"),
    ],
)
def test_a_letter_is_due_at_the_close_of_the_third_working_day_after_its_day(arrived: str, due: str) -> None:
    assert OFFICE.due(perm(arrived), 3) == perm(due)


@pytest.mark.parametrize(
    ("arrived", "due"),
    [
        # 19:30 UTC on Sunday is half past midnight on Monday in Perm.
        (datetime(2026, 11, 22, 19, 30, tzinfo=UTC), "2026-11-24T19:00"),
        (datetime(2026, 11, 22, 18, 59, tzinfo=UTC), "2026-11-23T19:00"),
        # New Year has come in Perm while it is still December in Berlin: the day of arrival is a day off of the new year.
        (datetime(2025, 12, 31, 20, 30, tzinfo=BERLIN), "2026-01-12T19:00"),
    ],
)
def test_the_day_of_arrival_is_the_day_in_the_office(arrived: datetime, due: str) -> None:
    result = OFFICE.due(arrived, 1)

    assert result == perm(due)
    assert result.tzinfo is PERM


def test_a_day_in_no_working_days_is_refused() -> None:
    with pytest.raises(ValueError, match="counted from 1, not from 0"):
        OFFICE.working_day_after(date(2026, 11, 23), 0)


@pytest.mark.parametrize(
    ("day", "n", "expected"),
    [
        (date(2025, 10, 31), 1, date(2025, 11, 1)),
        (date(2025, 12, 30), 1, date(2026, 1, 12)),
        (date(2026, 11, 21), 1, date(2026, 11, 23)),
        (date(2024, 1, 8), 248, date(2024, 12, 28)),
        (date(2024, 1, 8), 249, date(2025, 1, 9)),
    ],
)
def test_working_days_are_counted_without_the_day_itself(day: date, n: int, expected: date) -> None:
    assert OFFICE.working_day_after(day, n) == expected


@pytest.mark.parametrize(
    ("instant", "is_open", "opening"),
    [
        ("2026-11-23T09:59:59", False, "2026-11-23T10:00"),
        ("2026-11-23T10:00", True, "2026-11-23T10:00"),
        ("2026-11-23T18:59:59", True, "2026-11-23T18:59:59"),
        ("2026-11-23T19:00", False, "2026-11-24T10:00"),
        ("2026-11-27T19:00", False, "2026-11-30T10:00"),
        # A Saturday, and one that is worked.
        ("2026-11-28T12:00", False, "2026-11-30T10:00"),
        ("2025-11-01T12:00", True, "2025-11-01T12:00"),
        ("2025-11-01T09:00", False, "2025-11-01T10:00"),
        ("2025-11-01T20:00", False, "2025-11-05T10:00"),
        ("2025-12-31T12:00", False, "2026-01-12T10:00"),
    ],
)
def test_the_office_is_open_from_its_opening_until_its_closing(instant: str, is_open: bool, opening: str) -> None:
    # In another zone, so that the answer can not come from the digits.
    elsewhere = perm(instant).astimezone(UTC)

    assert OFFICE.is_open(elsewhere) is is_open
    assert OFFICE.next_opening(elsewhere) == perm(opening)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-23T12:00", "2026-11-23T13:30", 1.5),
        ("2026-11-23T08:00", "2026-11-23T09:00", 0),
        ("2026-11-23T08:00", "2026-11-23T22:00", 9),
        ("2026-11-23T18:00", "2026-11-24T11:00", 2),
        ("2026-11-27T18:00", "2026-11-30T11:00", 2),
        ("2025-11-01T18:00", "2025-11-05T11:00", 2),
        ("2025-12-30T12:00", "2026-01-12T12:00", 9),
        ("2026-11-24T12:00", "2026-11-24T12:00", 0),
        ("2026-11-24T12:00", "2026-11-24T11:00", 0),
        ("2026-11-26T12:00", "2026-11-24T12:00", 0),
    ],
)
def test_only_office_hours_count(start: str, end: str, hours: float) -> None:
    assert OFFICE.working_hours(perm(start), perm(end)) == hours


def test_the_offices_own_days_win_over_the_official_calendar() -> None:
    own = office(
        off=days("2026-11-25..26 2025-11-01"),
        working=days("2026-11-28 2026-11-04 2027-01-01"),
    )

    assert own.due(perm("2026-11-24T12:00"), 3) == perm("2026-11-30T19:00")
    assert not own.is_working_day(date(2025, 11, 1))
    assert own.is_working_day(date(2026, 11, 4))
    assert own.is_working_day(date(2027, 1, 1))
    assert not own.is_working_day(date(2028, 1, 1))
    assert own.is_open(perm("2026-11-28T12:00"))


def test_a_year_whose_decree_is_not_known_is_not_official() -> None:
    assert all(OFFICE.is_official(year) for year in range(2005, 2028))
    assert not OFFICE.is_official(2060)


def test_the_calendar_is_official_until_the_last_year_without_a_gap() -> None:
    last = OFFICE.official_until(2024)

    assert last is not None
    assert last >= 2027
    assert OFFICE.is_official(last)
    assert not OFFICE.is_official(last + 1)
    assert OFFICE.official_until(last) == last
    assert OFFICE.official_until(last + 1) is None


def test_a_country_that_moves_no_days_is_official_as_far_as_the_library_goes() -> None:
    german = office("DE", "Europe/Berlin")

    assert german.official_until(2026) == 2100
    assert not german.is_official(2101)


@pytest.mark.parametrize("language", ["C", "ru_RU.UTF-8", "en_US.UTF-8", "zh_CN.UTF-8"])
def test_what_is_official_does_not_depend_on_the_language_of_the_system(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", language)
    monkeypatch.setenv("LANG", language)

    assert [office().is_official(year) for year in (2026, 2027, 2060)] == [True, True, False]


def test_the_deadline_keeps_its_wall_clock_when_summer_time_ends() -> None:
    german = office("DE", "Europe/Berlin")

    # Friday, in summer time; Sunday 25 October 2026 goes back to winter time.
    due = german.due(datetime(2026, 10, 23, 12, tzinfo=BERLIN), 1)

    assert due.isoformat() == "2026-10-26T19:00:00+01:00"


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        # 29 March 2026: the hour from 2 to 3 is missing. 25 October 2026: it comes twice.
        (datetime(2026, 3, 29, 0, tzinfo=BERLIN), datetime(2026, 3, 29, 6, tzinfo=BERLIN), 4),
        (datetime(2026, 10, 25, 0, tzinfo=BERLIN), datetime(2026, 10, 25, 6, tzinfo=BERLIN), 6),
        (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN), datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), 1),
    ],
)
def test_hours_worked_through_a_change_of_the_clock_are_real_hours(start: datetime, end: datetime, hours: float) -> None:
    # A night shift on two Sundays.
    night = office("DE", "Europe/Berlin", time(1), time(6), working=days("2026-03-29 2026-10-25"))

    assert night.working_hours(start, end) == hours


def test_an_office_that_opens_in_the_missing_hour_opens_when_it_is_over() -> None:
    night = office("DE", "Europe/Berlin", time(2, 30), time(6), working=days("2026-03-29"))

    # 02:30 does not exist on that day; it is the instant 03:30 of summer time.
    opening = night.next_opening(datetime(2026, 3, 29, 0, tzinfo=BERLIN))

    assert opening.astimezone(UTC) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert not night.is_open(datetime(2026, 3, 29, 3, 15, tzinfo=BERLIN))
    assert night.is_open(datetime(2026, 3, 29, 3, 45, tzinfo=BERLIN))


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        office(timezone="Asia/Perm")


def test_the_library_of_calendars_is_not_loaded_before_it_is_needed() -> None:
    program = (
        "import sys; from datetime import date, time\n"
        "from mailbot.hiring.company import Office; from mailbot.hiring.worktime import worktime\n"
        "office = worktime(Office('RU', 'Asia/Yekaterinburg', time(10), time(19))); assert 'holidays' not in sys.modules\n"
        "office.is_working_day(date(2026, 11, 23)); assert 'holidays' in sys.modules"
    )

    subprocess.run([sys.executable, "-c", program], check=True)


instants = st.datetimes(datetime(2023, 1, 1), datetime(2031, 12, 1), timezones=st.sampled_from([UTC, PERM, BERLIN]))  # noqa: DTZ001


@settings(deadline=None)
@given(instants, st.integers(1, 12))
def test_no_arrival_loses_its_deadline(arrived: datetime, n: int) -> None:
    due = OFFICE.due(arrived, n)

    assert due > arrived
    assert OFFICE.is_working_day(due.date())
    assert due.timetz().replace(tzinfo=None) == PERM_OFFICE.closes
    # Whatever the arrival: n whole working days, and at most what was left of its own.
    assert n * 9 <= OFFICE.working_hours(arrived, due) <= (n + 1) * 9


@settings(deadline=None)
@given(instants)
def test_the_next_opening_is_open_and_nothing_before_it_is(instant: datetime) -> None:
    opening = OFFICE.next_opening(instant)

    assert opening >= instant
    assert OFFICE.is_open(opening)
    assert OFFICE.working_hours(instant, opening) == 0


@settings(deadline=None)
@given(instants, instants, instants)
def test_office_hours_add_up(first: datetime, second: datetime, third: datetime) -> None:
    first, second, third = sorted((first.astimezone(UTC), second.astimezone(UTC), third.astimezone(UTC)))

    whole = OFFICE.working_hours(first, third)

    assert OFFICE.working_hours(first, second) + OFFICE.working_hours(second, third) == pytest.approx(whole)
