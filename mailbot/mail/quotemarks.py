"""What mail programs write around a quotation: marks, the line that says who wrote it, separators, signatures; Russian and English."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailbot.hiring.relay import WRITE_ABOVE

#: Over how many lines a mail program wraps "On ... wrote:".
_WRAPPED_LINES = 4
#: No line of a mail program is longer, and no pattern is tried on one that is.
_LONGEST = 400

_QUOTED = re.compile(r"\s{0,3}(?:>|[A-ZА-ЯЁ][A-Za-zА-Яа-яЁё]{0,3}>(?=[ >]|$))")
_MARKS = re.compile(r"\s{0,3}(?:[A-ZА-ЯЁ][A-Za-zА-Яа-яЁё]{0,3}(?=>))?(?:>[ ]?)+")

_MONTH = (
    r"(?:янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек|січ|лют|бер|квіт|трав|черв|лип|серп|вер|жовт|лист|груд"
    r"|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w{0,7}"
)
_DATE = re.compile(
    r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{4}[-./]\d{1,2}[-./]\d{1,2}\b"
    rf"|\b\d{{1,2}}(?:-?го)?\s+{_MONTH}|\b{_MONTH}\.?\s+\d{{1,2}}\b",
    re.IGNORECASE,
)
_DAY = r"(?:(?:пн|вт|ср|чт|пт|сб|вс|нд|mon|tue|wed|thu|fri|sat|sun|понед|вторн|сред|четв|пятн|субб|воскр)\w*\.?,?\s+)?"
#: How the line begins, if it is wrapped: "On Mon, Nov 23", "пн, 23 нояб.", "В письме от 23.11.2026".
_BEGINS = re.compile(rf"(?:[*_]*)(?:on\s+|в\s+письме\s+от\s+|в\s+|le\s+|am\s+)?{_DAY}(?:{_DATE.pattern})", re.IGNORECASE)
_TIME = re.compile(r"\b\d{1,2}[:.]\d{2}\b")
_MAILBOX = re.compile(r"[^\s<>\"\[\]()]{1,64}@[^\s<>\"\[\]()]{1,190}")
_WROTE = re.compile(r"\b(?:на)?(?:писал|пише)(?:\(а\)|[аитв]?)(?:\b|(?=[\s:,]))|\b(?:wrote|writes)\b", re.IGNORECASE)
_FROM_WHOM = re.compile(r"\b(?:от|from|пользователь)\s+\S", re.IGNORECASE)

_ORIGINAL = re.compile(
    r"[\s>*]*(?:[-–—_=]{2,}|Begin\b)\s*(?:исходное сообщение|оригинальное сообщение|original message|original appointment"
    r"|пересылаемое сообщение|пересланное сообщение|переадресованное сообщение|вихідне повідомлення"
    r"|forwarded message|forwarded by)\b.{0,60}$"
    r"|\s*(?:начало переадресованного сообщения|begin forwarded message)\s*:\s*$",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"[\s>*_]*(?:(?P<writer>от|from|отправитель|від)|отправлено|дата|sent|date|кому|to|копия|cc|тема|subject|надіслано|важность|importance"
    r"|reply-to)[*_]*\s*:[*_]*",
    re.IGNORECASE,
)
#: A line "От: ..." is one of a header block if two more labels stand within the lines below it.
_BLOCK_LINES = 8
_LABELS_NEEDED = 3

_RULE = re.compile(r"\s*(?:[_]{5,}|[-–—]{3,}|[=]{5,}|[*]{5,})\s*")
_SIGNATURE = re.compile(r"--\s?")
_DEVICE = re.compile(
    r"[\s*_>-]*(?:отправлено|послано|надіслано|написано|sent)\s+(?:с|со|из|от|через|при помощи|з|from|via|using|with|by)\s.{0,60}?"
    r"(?:iphone|ipad|айфон|почт|mail|outlook|galaxy|samsung|android|huawei|honor|xiaomi|redmi|poco|realme|смартфон|телефон|устройств|планшет"
    r"|мобильн|ios|windows|яндекс|yandex|gmail|thunderbird|proton|spark|device|phone|blackberry|приложени).{0,80}"
    r"|[\s*_]*(?:получить|получите|скачать|скачайте|get|download)\s+(?:приложение\s+)?(?:outlook|почт|mail|яндекс|yandex|mymail).{0,120}",
    re.IGNORECASE,
)
_WRITE_ABOVE = re.compile(rf"[\W_]*(?:{'|'.join(re.escape(line.strip('— ')) for line in WRITE_ABOVE.values())})[\W_]*", re.IGNORECASE)
_WITHIN = re.compile(
    r"\b(?:отве\w+|коммент\w+|пометк\w+)\b.{0,40}\b(?:ниже|в тексте|внутри|красным|цветом|по пунктам|под вопрос\w+)\b"
    r"|\b(?:ниже|в тексте|внутри|красным|цветом)\b.{0,20}\b(?:отве\w+|коммент\w+)\b"
    r"|\b(?:answers?|answered|comments?|replies|reply|responses?)\b.{0,30}\b(?:below|inline|in-line|in red|in the text)\b"
    r"|\bsee (?:below|inline)\b",
    re.IGNORECASE | re.DOTALL,
)


def is_quoted(line: str) -> bool:
    """Whether `line` bears a mark of quotation: ">", or "АС>" as The Bat! writes it."""
    return bool(_QUOTED.match(line))


def without_marks(line: str) -> str:
    """A quoted line without its marks, of all levels."""
    return _MARKS.sub("", line, count=1)


def header_length(lines: Sequence[str], position: int) -> int:
    """How many lines from `position` introduce a quotation, 0 if none do.

    They are "пн, 23 нояб. 2026 г. в 10:15, Анна <a@b>:" (wrapped or not), "-----Исходное сообщение-----", the block "От: Отправлено: Кому:
    Тема:", and the line of mailbot's own notices that asks to write above it.
    """
    line = lines[position]
    if len(line) > _LONGEST:
        return 0
    if _WRITE_ABOVE.fullmatch(line):
        return 1
    if _ORIGINAL.match(line):
        following = position + 1
        while following < len(lines) and not lines[following].strip():
            following += 1
        block = _block_length(lines, following)
        return following - position + block if block else 1
    return _block_length(lines, position) or _attribution_length(lines, position)


def is_rule(line: str) -> bool:
    """Whether `line` is nothing but a ruled line."""
    return bool(_RULE.fullmatch(line))


def begins_signature(line: str) -> bool:
    """Whether `line` is the "-- " above a signature (RFC 3676 section 4.3); many programs lose the blank."""
    return bool(_SIGNATURE.fullmatch(line))


def is_device_line(line: str) -> bool:
    """Whether `line` is what a mail program says of itself: "Отправлено с iPhone", "Получить Outlook для Android"."""
    return len(line) <= _LONGEST and bool(_DEVICE.fullmatch(line))


def answers_within(new_text: str) -> bool:
    """Whether the writer says that the answers stand within the quotation: where nothing marks it, only the whole text holds them."""
    return len(new_text) <= _LONGEST and bool(_WITHIN.search(new_text))


def _block_length(lines: Sequence[str], position: int) -> int:
    """The lines of a block "От: ... Отправлено: ... Кому: ... Тема: ..." that begins at `position`, 0 if none does."""
    if position >= len(lines):
        return 0
    if not _LABEL.match(lines[position]):
        return 0
    labels, writer, last = 0, False, position
    for number in range(position, min(position + _BLOCK_LINES, len(lines))):
        match = _LABEL.match(lines[number])
        if match:
            labels, writer, last = labels + 1, writer or bool(match["writer"]), number
        elif _is_attribution(lines[number]):
            # Yandex on phones: "Кому: ...", "Тема: ...", and then who wrote when.
            labels, writer, last = labels + 1, True, number
        elif not lines[number].strip():
            break
    return last - position + 1 if writer and labels >= _LABELS_NEEDED else 0


def _attribution_length(lines: Sequence[str], position: int) -> int:
    """The lines of "пн, 23 нояб. ... Анна <a@b>:" that begins at `position`, 0 if none does."""
    if _is_attribution(lines[position]):
        return 1
    if not _BEGINS.match(lines[position].strip()):
        return 0
    # Joining must not begin with a line of the answer above, hence a date first.
    joined = lines[position].strip()
    for number in range(position + 1, min(position + _WRAPPED_LINES, len(lines))):
        if not lines[number].strip():
            return 0
        joined += " " + lines[number].strip()
        if _is_attribution(joined):
            return number - position + 1
    return 0


def _is_attribution(line: str) -> bool:
    line = line.strip(" \t>*_")
    if not line.endswith(":") or len(line) > _LONGEST:
        return False
    dated, mailbox = bool(_DATE.search(line)), bool(_MAILBOX.search(line))
    if _WROTE.search(line):
        return dated or mailbox
    return dated and bool(_TIME.search(line)) and (mailbox or bool(_FROM_WHOM.search(line)))
