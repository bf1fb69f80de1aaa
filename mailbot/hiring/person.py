"""Reads what a message says of its writer: name, phones, addresses, Telegram, links, city and pay, each as written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from mailbot.hiring.model import Message, Person
from mailbot.hiring.wording import ADDRESS, LINK

_CLOSING = re.compile(
    r"^[ \t]*(?:с (?:наилучшими )?уважени\w+|с наилучшими пожеланиями|(?:kind |best |warm )?regards"
    r"|best wishes|sincerely(?: yours)?)[\s,.!]*",
    re.IGNORECASE | re.MULTILINE,
)
#: Two or three words that begin with a capital: "Иван Петров", "Anna-Maria de Vries".
_NAME = re.compile(r"[^\W\d_][\w'’\-]*\.?(?: [^\W\d_][\w'’\-]*\.?){0,3}")
_WORD = r"(?:(?:[^\W\d_]\.){1,3}|[^\W\d_]{1,40}(?:['’\-][^\W\d_]{1,40}){0,3}\.?)"
#: Up to five words and initials: no digits, no links ("evil.ru", "x.ru"), no signs.
_SPOKEN = re.compile(rf"{_WORD}(?:,? {_WORD}){{0,4}}")
_SPOKEN_LENGTH = 60
_TELEGRAM = re.compile(
    r"(?:https?://)?(?:t\.me|telegram\.me)/(?P<link>[a-z]\w{3,31})\b|(?:телеграмм?|тг|telegram|tg)\b[^\w@\n]{0,4}@?(?P<word>[a-z]\w{3,31})\b"
    r"|(?<![\w.@/])@(?P<handle>[a-z]\w{3,31})\b(?!\.)",
    re.IGNORECASE,
)
_CITY = re.compile(
    r"^[^\w\n]{0,9}\d{0,2}[^\w\n]{0,9}(?:город(?: проживания)?|место (?:жительства|проживания)|city|location)"
    r"[ \t]{0,9}[:—–-][ \t]{0,9}(\S.{0,80})$",
    re.IGNORECASE | re.MULTILINE,
)
_PAY = re.compile(
    r"^[^\w\n]{0,9}\d{0,2}[^\w\n]{0,9}(?:(?:желаем\w+|ожидаем\w+) (?:зарплат\w|доход|оклад|з/п|зп|заработная плата)|зарплатные ожидания"
    r"|ожидания по (?:зарплате|з/п|зп|доходу)|зарплата|з/п|зп"
    r"|(?:desired |expected )?(?:salary|pay)(?: expectations?)?)[ \t]{0,9}[:—–-][ \t]{0,9}(\S.{0,80})$",
    re.IGNORECASE | re.MULTILINE,
)


def person(message: Message, new_text: str) -> Person:
    """Given a message and its new text, return what they say of the writer.

    The name is the display name of From, else the one beneath "С уважением". City and pay only where a line is labelled with them.
    """
    text = message.text if new_text in message.text else f"{new_text}\n{message.text}"
    return Person(
        name=_display_name(message) or _signed(text),
        phones=_phones(new_text),
        addresses=_once(address.lower() for address in ADDRESS.findall(new_text)),
        telegram=_telegram(new_text),
        links=_once(link.rstrip(".,;:!?)]}'*") for link in LINK.findall(ADDRESS.sub(" ", new_text)) if not _TELEGRAM.match(link)),
        city=_labelled(_CITY, new_text),
        pay=_labelled(_PAY, new_text),
    )


def spoken_name(name: str) -> str:
    """Given a name as its writer gives it, return it if a letter may begin with it, else "".

    Whoever forges a sender's address also chooses the name beside it: it must not carry their words to the one who gets the answer.
    """
    whole = unicodedata.normalize("NFC", " ".join(name.split()))
    return whole if len(whole) <= _SPOKEN_LENGTH and _SPOKEN.fullmatch(whole) else ""


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _labelled(label: re.Pattern[str], text: str) -> str:
    found = label.search(text)
    return found[1].strip().rstrip(".;,") if found else ""


def _display_name(message: Message) -> str:
    name = " ".join(message.sender.name.strip(" \"'").split()) if message.sender else ""
    return "" if "@" in name else name


def _signed(text: str) -> str:
    """The name beneath the last closing formula, or ""."""
    closings = list(_CLOSING.finditer(text))
    if not closings:
        return ""
    line = text[closings[-1].end() :].lstrip().partition("\n")[0].strip(" ,.;—–-")
    return line if _NAME.fullmatch(line) and line[0].isupper() else ""


def _telegram(text: str) -> str:
    found = _TELEGRAM.search(ADDRESS.sub(" ", text))
    return f"@{found[found.lastgroup or 0]}" if found else ""


def _phones(text: str) -> tuple[str, ...]:
    """Phone numbers as written, each once however it is written; numbers without a country are Russian ones."""
    # Heavy (its metadata), and needed for few messages.
    import phonenumbers  # noqa: PLC0415

    found: dict[str, str] = {}
    for hit in phonenumbers.PhoneNumberMatcher(text, "RU"):
        found.setdefault(phonenumbers.format_number(hit.number, phonenumbers.PhoneNumberFormat.E164), hit.raw_string)
    return tuple(found.values())
