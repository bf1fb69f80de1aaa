"""Recognises the position that a letter names, and the language it is written in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations

from mailbot.hiring.company import Position
from mailbot.hiring.model import Language
from mailbot.hiring.wording import folded, without_links

#: Endings of Russian nouns and adjectives, so that "аккаунт-менеджера" names what "аккаунт-менеджер" names.
_ENDING = (
    "(?:ами|ями|ого|его|ому|ему|ыми|ими|ом|ем|ой|ей|ою|ею|ам|ям|ах|ях|ов|ев|ий|ый|ым|им|ую|юю|ые|ие|ых|их|ая|яя|ое|ее|ию|ия|ии"
    "|а|я|у|ю|е|и|ы|о|ь|й)?"
)
#: Between the words of one name: "аккаунт-менеджер", "аккаунт менеджер", "аккаунтменеджер", "менеджер (стажёр)".
_BETWEEN = r'[\s\-_("«»]{0,4}'


def _word(word: str) -> str:
    if not re.fullmatch("[а-я]+", word):
        return re.escape(word) + "s?"
    stem = re.sub("(?:ая|яя|ый|ий|ой|ое|ее|а|я|о|е|ь|й|ы|и)$", "", word) if len(word) > 4 else word
    return stem + _ENDING


def _pattern(keyword: str) -> re.Pattern[str] | None:
    """What a keyword looks like in a letter; the parts between its spaces may come in any order. None if it has no word."""
    parts = [[_word(word) for word in re.findall(r"[^\W_]+", part)] for part in folded(keyword).split()]
    parts = [part for part in parts if part]
    if not parts:
        return None
    # More than four parts are no name but a sentence, which is looked for as it stands.
    orders = permutations(parts) if len(parts) <= 4 else iter([tuple(parts)])
    ways = (_BETWEEN.join(word for part in order for word in part) for order in orders)
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(ways)})(?![^\W_])")


def recognise(positions: Sequence[Position], subject: str, text: str, attachment_names: Sequence[str] = ()) -> Position | None:
    """Given the openings and a letter, return the one it names in title or keywords, or None if it names none or several.

    The longest name wins where several fit the same words: "аккаунт-менеджер стажёр" is not "аккаунт-менеджер". Names of attachments
    are looked at only if subject and text name nothing. Case, ё, hyphens and Russian endings make no difference.
    """
    for place in (f"{subject}\n\n\n\n\n{text}", "\n\n\n\n\n".join(attachment_names)):
        named = _named(positions, folded(without_links(place)))
        if named:
            return named[0] if len(named) == 1 else None
    return None


def names_any(positions: Sequence[Position], subject: str, text: str) -> bool:
    """Given the openings and a letter, say whether subject or text name at least one of them."""
    return bool(_named(positions, folded(without_links(f"{subject}\n\n\n\n\n{text}"))))


def _named(positions: Sequence[Position], text: str) -> list[Position]:
    found: list[tuple[int, int, Position]] = []
    for position in positions:
        for pattern in filter(None, map(_pattern, (position.title, *position.keywords))):
            found += [(hit.start(), hit.end(), position) for hit in pattern.finditer(text)]
    # Longer names first where several begin at one place, so that a name within another comes behind it.
    outermost: list[Position] = []
    widest = (0, 0)
    for start, end, position in sorted(found, key=lambda hit: (hit[0], -hit[1])):
        if end > widest[1]:
            widest = (start, end)
        if (start, end) == widest:
            outermost.append(position)
    return [position for position in positions if position in outermost]


def language(text: str, default: Language = "ru") -> Language:
    """Given a text, return the language it is written in; `default` if it has no letters.

    Russian letters are full of English names, English letters hold at most a Russian signature: a third of Cyrillic is Russian.
    """
    words = without_links(text).lower()
    cyrillic = len(re.findall("[а-яё]", words))
    latin = len(re.findall("[a-z]", words))
    if not cyrillic and not latin:
        return default
    return "ru" if cyrillic * 2 >= latin else "en"
