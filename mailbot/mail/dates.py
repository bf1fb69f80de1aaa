"""Days, times, numbers and sizes in words, in Russian and English, as a letter says them."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo
from typing import Literal

from mailbot.hiring.model import Language

#: "whom, what": the form a date stands alone in; "of whom": the form after "до", "после", "не позднее".
GrammaticalCase = Literal["nominative", "genitive"]

_WEEKDAYS: dict[tuple[Language, GrammaticalCase], tuple[str, ...]] = {
    ("ru", "nominative"): ("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"),
    ("ru", "genitive"): ("понедельника", "вторника", "среды", "четверга", "пятницы", "субботы", "воскресенья"),
    ("en", "nominative"): ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
# A Russian date has its month in the genitive whatever the day of the week stands in.
_MONTHS: dict[Language, tuple[str, ...]] = {
    "ru": ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_UNITS: dict[Language, tuple[str, str, str]] = {"ru": ("Б", "КБ", "МБ"), "en": ("B", "KB", "MB")}


def day(when: date, language: Language, case: GrammaticalCase = "nominative", zone: tzinfo | None = None) -> str:
    """Given a date, return "четверг, 26 ноября"; of an instant its date in `zone`, or in its own zone if that is None."""
    local = when.astimezone(zone) if isinstance(when, datetime) and zone else when
    # English has one form for both.
    names = _WEEKDAYS.get((language, case)) or _WEEKDAYS[language, "nominative"]
    return f"{names[local.weekday()]}, {local.day} {_MONTHS[language][local.month - 1]}"


def clock(when: time | datetime, zone: tzinfo | None = None) -> str:
    """Given a time of day, return "15:00"; of an instant its time in `zone`, or in its own zone if that is None."""
    local = when.astimezone(zone) if isinstance(when, datetime) and zone else when
    return f"{local:%H:%M}"


def instant(when: datetime, language: Language, zone: tzinfo | None = None) -> str:
    """Given an instant, return "четверг, 26 ноября, 15:00", in `zone` or in its own zone if that is None."""
    return f"{day(when, language, zone=zone)}, {clock(when, zone)}"


def plural(count: float, *forms: str, language: Language) -> str:
    """Given a count and the forms of a noun, return the form that fits the count.

    Russian takes three: one, few, many ("день", "дня", "дней"); English two ("day", "days"). A broken number takes
    the second. The rules are those of the Unicode CLDR plural tables. Raise ValueError on a wrong number of forms.
    """
    wanted = 3 if language == "ru" else 2
    if len(forms) != wanted:
        raise ValueError(f"{wanted} forms are needed, not {len(forms)}")
    if count != int(count):
        return forms[1]
    number = abs(int(count))
    if language == "en":
        return forms[0] if number == 1 else forms[1]
    if number % 10 == 1 and number % 100 != 11:
        return forms[0]
    return forms[1] if 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14 else forms[2]


def size(count: int, language: Language) -> str:
    """Given a number of bytes, return "412 Б", "184 КБ" or "2,3 МБ"."""
    units = _UNITS[language]
    if count < 1000:
        return f"{count} {units[0]}"
    # Below 999.5 kB, so that rounding never shows "1000 KB".
    if count < 999_500:
        return f"{count / 1000:.0f} {units[1]}"
    megabytes = f"{count / 1_000_000:.1f}"
    return f"{megabytes.replace('.', ',') if language == 'ru' else megabytes} {units[2]}"
