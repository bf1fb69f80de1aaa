"""Guards a relay: what staff wrote among themselves, and what mailbot wrote to staff, never reaches a candidate."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType

from mailbot.hiring.model import Language
from mailbot.hiring.wording import folded, letters

#: The line that every notice opens with.
WRITE_ABOVE: Mapping[Language, str] = MappingProxyType(
    {
        "ru": "——— Пишите ответ выше этой строки ———",
        "en": "——— Please write your answer above this line ———",
    }
)

#: A line shorter than this (in letters) may well be anybody's own: a greeting, a name, a title.
_LINE = 20
_TOKEN = re.compile(r"<mb1\.|mb1\.\w+\.\w+")
#: ">", "> >", "|", and the initials that The Bat! puts before them.
_QUOTING = re.compile(r"^(?:[^\W\d]{1,4}>|[\s>|])+")


def leak(text: str, notice_text: str, candidate_words: str, forbidden: Collection[str]) -> str:
    """Say why a staff member's words may not go to the candidate.

    Given the words that are to be relayed, the text of the notice that they answer, the candidate's own words that the notice shows, and
    the addresses that are nobody's business outside, return the reason in plain English, or "" if nothing leaks. Letters and digits alone
    are compared, so neither quoting nor wrapping hides anything (design section 6, "A relay never leaks").
    """
    said = letters(text)
    if any(letters(line) in said for line in WRITE_ABOVE.values()):
        return "it still holds the line that asks to write above it, so parts of the notice may stand below"
    # Quoting and line breaks may stand in the middle of an address or a token.
    unbroken = folded(re.sub(r"[\s>|\u200b\u00ad\ufeff]", "", text)).replace("%40", "@")
    if _TOKEN.search(unbroken) or _TOKEN.search(text.casefold()):
        return "it holds the Message-ID of a notice, which is a key to this application"
    addressed = re.sub(r"\+[^@\s]{0,64}(?=@)", "", unbroken)
    if any(address and folded(address) in addressed for address in forbidden):
        return "it holds an internal address"
    allowed = letters(candidate_words)
    lines = [line for line in map(letters, notice_text.splitlines()) if len(line) >= _LINE]
    # Notices name the program: that stands whatever language a client has translated the rest into.
    if "mailbot" in letters(notice_text):
        lines.append("mailbot")
    if any(line in said and line not in allowed for line in lines):
        return "it holds a line of the notice that is not the candidate's own"
    # The other way round: a long line of the notice that a client has broken into several, each with its own mark of quotation.
    for mine in (letters(_QUOTING.sub("", line)) for line in text.splitlines()):
        if len(mine) >= _LINE and mine not in allowed and any(mine in line for line in lines):
            return "it holds a part of a line of the notice that is not the candidate's own"
    return ""
