"""Working days, office hours and deadlines of the office, from its country's official calendar."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailbot.hiring.company import Office

_ONE_DAY = timedelta(days=1)
_ONE_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Year:
    working_days: frozenset[date]
    official: bool


@dataclass(frozen=True, slots=True)
class Worktime:
    """When the office works. Every instant given is aware; every instant made here is in the office's zone."""

    office: Office
    zone: ZoneInfo
    #: A year of the calendar takes milliseconds to build, so each is built once.
    _years: dict[int, _Year] = field(default_factory=dict, init=False, repr=False, compare=False)

    def local(self, instant: datetime) -> datetime:
        """Given an instant, return the same instant in the office's zone."""
        return instant.astimezone(self.zone)

    def is_working_day(self, day: date) -> bool:
        """Given a day, say whether the office works on it; the office's own extra days win over the official calendar."""
        return day in self._year(day.year).working_days

    def working_day_after(self, day: date, n: int) -> date:
        """Given a day and `n` of 1 or more, return the n-th working day after it; the day itself is never counted.

        Raise ValueError if `n` is less than 1.
        """
        if n < 1:
            raise ValueError(f"working days are counted from 1, not from {n}")
        for _ in range(n):
            day += _ONE_DAY
            while not self.is_working_day(day):
                day += _ONE_DAY
        return day

    def opening(self, day: date) -> datetime:
        """Given a day, return the instant at which the office opens if it works on that day."""
        return self._at(day, self.office.opens)

    def closing(self, day: date) -> datetime:
        """Given a day, return the instant at which the office closes if it works on that day."""
        return self._at(day, self.office.closes)

    def is_open(self, instant: datetime) -> bool:
        """Given an instant, say whether the office works then. It is open at the moment of opening, and shut at that of closing."""
        day = self.local(instant).date()
        opens, closes = self._hours(day)
        return self.is_working_day(day) and opens <= instant.astimezone(UTC) < closes

    def next_opening(self, instant: datetime) -> datetime:
        """Given an instant, return it if the office is open then, else the first opening after it."""
        if self.is_open(instant):
            return instant
        day = self.local(instant).date()
        if self.is_working_day(day) and instant.astimezone(UTC) < self._hours(day)[0]:
            return self.opening(day)
        return self.opening(self.working_day_after(day, 1))

    def due(self, arrived: datetime, working_days: int) -> datetime:
        """Given an arrival, return the close of business of the n-th working day after the local day of arrival (design section 5).

        Raise ValueError if `working_days` is less than 1.
        """
        return self.closing(self.working_day_after(self.local(arrived).date(), working_days))

    def working_hours(self, start: datetime, end: datetime) -> float:
        """Given two instants, return the office hours between them; 0 if `end` is not later than `start`."""
        first, last = start.astimezone(UTC), end.astimezone(UTC)
        day, last_day = self.local(start).date(), self.local(end).date()
        total = timedelta()
        while day <= last_day:
            if self.is_working_day(day):
                opens, closes = self._hours(day)
                total += max(min(closes, last) - max(opens, first), timedelta())
            day += _ONE_DAY
        return total / _ONE_HOUR

    def is_official(self, year: int) -> bool:
        """Given a year, say whether its calendar is known to be the official one.

        Where a government moves days off anew every year (Russia: article 112 of the Labour Code), a year without any moved day is one
        whose decree `holidays` does not know: its calendar is guessed from the statutory days. Elsewhere the statute is all there is.
        """
        return self._year(year).official

    def official_until(self, year: int) -> int | None:
        """Given a year, return the last one that is official without a gap from it on; None if the year itself is not."""
        last = None
        while self.is_official(year):
            last, year = year, year + 1
        return last

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=self.zone)

    def _hours(self, day: date) -> tuple[datetime, datetime]:
        # In UTC: datetimes of one zone are compared and subtracted by their wall clocks, which is wrong across a change of the offset.
        return self.opening(day).astimezone(UTC), self.closing(day).astimezone(UTC)

    def _year(self, year: int) -> _Year:
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = _read_year(self.office, year)
        return known


def worktime(office: Office) -> Worktime:
    """Given the office, return its working time.

    Raise ZoneInfoNotFoundError for an unknown zone. An unknown country raises NotImplementedError on first use. `config` refuses both.
    """
    return Worktime(office, ZoneInfo(office.timezone))


def _read_year(office: Office, year: int) -> _Year:
    # Here and not above: the import alone takes about 60 ms (measured), and most verbs need no calendar.
    import holidays  # noqa: PLC0415

    calendar = holidays.country_holidays(office.country, years=year)
    first = date(year, 1, 1)
    days = (first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1))
    working_days = {day for day in days if calendar.is_working_day(day)}
    working_days.difference_update(office.extra_days_off)
    working_days.update(day for day in office.extra_working_days if day.year == year)

    official = calendar.start_year <= year <= calendar.end_year
    # Only countries that move days have this label. It is taken in the calendar's own language, which follows $LANGUAGE.
    label = getattr(calendar, "substituted_label", None)
    if label is not None:
        marks = calendar.tr(label).split("%s")
        official = official and any(all(mark in name for mark in marks) for name in calendar.values())
    return _Year(frozenset(working_days), official)
