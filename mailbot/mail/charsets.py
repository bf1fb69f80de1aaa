"""Turns bytes into text whatever charset they claim to be in: UTF-8 first, then the declared charset, then a guess at Russian."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple


class Decoded(NamedTuple):
    """A text, and whether its charset had to be guessed."""

    text: str
    guessed: bool


#: Names seen in mail that Python does not know, without "-" and "_".
_ALIASES = {
    "xcp1251": "cp1251",
    "win1251": "cp1251",
    "windows1251": "cp1251",
    "windowscp1251": "cp1251",
    "cp1251cyrillic": "cp1251",
    "ansi1251": "cp1251",
    "koi8": "koi8_r",
    "koi8r": "koi8_r",
    "koi8ru": "koi8_u",
    "koi8u": "koi8_u",
    "cskoi8r": "koi8_r",
    "dos866": "cp866",
    "ibm866": "cp866",
    "xmaccyrillic": "mac_cyrillic",
    "utf8mb4": "utf_8",
    "xgbk": "gbk",
    "iso88598i": "iso8859_8",
    "iso88598e": "iso8859_8",
}
#: What may be a charset: Python also knows codecs ("zip", "base64", "unicode_escape") that are none.
_CHARSET = re.compile(
    r"(?:x-)?(?:utf|us-?ascii|ascii|iso|8859|latin|windows|cp|ibm|koi8|mac|gb|hz|big5|euc|ks_?c|shift|sjis|ms_?kanji|tis|viscii|ptcp)[a-z0-9_-]*"
)
#: Seven-bit charsets with escape sequences: their bytes are valid ASCII, and mean something else.
_STATEFUL = re.compile(r"iso2022|utf_?7|hz")
#: A declared Latin charset is often the default of a broken mailer; all else that decodes is believed.
_LATIN = frozenset({"ascii", "iso8859-1", "iso8859-15", "cp1252", "latin_1"})
#: The candidates of a guess, the likeliest first.
_RUSSIAN = ("cp1251", "koi8_r", "cp866", "mac_cyrillic", "iso8859_5")
#: Russian letters by how common they are, and what one of each is worth to a guess.
_WORTH = {letter: worth for letters, worth in (("оеаинтсрвл", 6.0), ("кмдпуяыьгз", 2.5), ("бчйхжшюцщэфъё", 0.5)) for letter in letters}
#: The commonest pairs of letters: they tell a charset where single letters do not.
_PAIRS = frozenset(
    """
    ст но то на ен ов ни ра во ко ро по ер ал не ре ор ли ос пр го ка ль ом ва ет ит ол та за де ел ти ес от ть ви ла те ло од об ле ве ин
    ан ри ки ам ат ск до ма да ме ми ем ия ны ый ой ая ют ши ию че жд др ус ил ич
    """.split()
)
#: Enough to tell a charset; the rest of a long text says the same.
_SAMPLE = 20_000
#: A guess has to be this much better than a declared Cyrillic charset before it wins.
_MARGIN = 2.5
#: Fewer bytes beyond ASCII than that prove nothing against a declared charset.
_ENOUGH = 12

_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_LATIN_LETTER = re.compile(r"[A-Za-z]")
#: Control characters, and letters without width, which hide words from a search.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff]")
_LINE_END = re.compile(r"\r\n|[\r\x85\u2028\u2029]")


def known(charset: str) -> str:
    """Python's name for a charset as a mail declares it, or "" if it is none that Python knows.

    Tolerates quotes, a stray ";" and the "3D" of a half-decoded quoted-printable.
    """
    name = charset.strip(" \t\r\n\"';").lower().removeprefix("3d")
    # RFC 2231 section 5: a language may follow.
    name = name.partition("*")[0]
    name = _ALIASES.get(re.sub(r"[-_ ]", "", name), name)
    if not _CHARSET.fullmatch(name):
        return ""
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""


def decode(raw: bytes, declared: str = "") -> Decoded:
    """The text of `raw`, which claims to be in the charset `declared` ("" if it claims nothing). Never raises.

    Strict UTF-8 is believed before the declaration, because other text is hardly ever valid UTF-8 by accident. A guess at Russian overrides
    a declared Latin charset only where every word with a Cyrillic letter is purely Cyrillic, so that "Frösche" stays German.
    """
    charset = known(declared)
    text, guessed = _decode(raw, charset)
    # Some codecs let lone surrogates through; they can not be written as UTF-8.
    return Decoded(text.encode("utf-8", "replace").decode("utf-8"), guessed)


def clean(text: str) -> str:
    """`text` with line ends as newlines and without control characters and letters that have no width."""
    return _CONTROL.sub("", _LINE_END.sub("\n", text))


def _decode(raw: bytes, charset: str) -> tuple[str, bool]:
    for mark, codec in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if raw.startswith(mark):
            return raw.decode(codec, "replace"), not charset.startswith("utf")
    if charset.startswith(("utf-16", "utf-32")) or _STATEFUL.match(charset):
        return raw.decode(charset, "replace"), False
    if raw.isascii():
        return raw.decode("ascii"), False
    try:
        return raw.decode("utf-8"), charset not in ("", "utf-8")
    except UnicodeDecodeError:
        pass
    best, best_score = _guess(raw)
    try:
        text = raw.decode(charset) if charset else ""
    except UnicodeDecodeError:
        text = ""
    if not text:
        # A damaged text is still best read as what it says it is.
        if charset and charset not in _LATIN and not best:
            return raw.decode(charset, "replace"), False
        return raw.decode(best or "cp1252", "replace"), True
    if best and best != charset:
        if charset in _LATIN:
            return raw.decode(best, "replace"), True
        if charset in _CYRILLIC_CODECS and _beyond_ascii(text) >= _ENOUGH and best_score > _score(text[:_SAMPLE]) + _MARGIN:
            return raw.decode(best, "replace"), True
    return text, False


_CYRILLIC_CODECS = frozenset(codecs.lookup(name).name for name in _RUSSIAN)


def _guess(raw: bytes) -> tuple[str, float]:
    """The Russian charset that reads best, Python's name, with its score; ("", 0) if none reads like Russian."""
    best, best_score = "", 0.0
    for codec in _RUSSIAN:
        text = raw[:_SAMPLE].decode(codec, "replace")
        if _reads_russian(text) and (score := _score(text)) > best_score:
            best, best_score = codecs.lookup(codec).name, score
    return best, best_score


def _reads_russian(text: str) -> bool:
    """Whether (nearly) no word of `text` mixes Cyrillic and Latin letters, and one at least is a Cyrillic word."""
    words = [word for word in _WORD.findall(text) if _CYRILLIC.search(word)]
    mixed = sum(1 for word in words if _LATIN_LETTER.search(word))
    return any(len(word) >= 3 for word in words) and mixed * 20 <= len(words)


def _score(text: str) -> float:
    """How much `text` reads like Russian: about 0 for noise, about 6 for running text."""
    points = 0.0
    for word in _WORD.findall(text):
        lowered = word.lower()
        for position, letter in enumerate(lowered):
            if not letter.isascii():
                points += _WORTH.get(letter, -5.0)
                # "иВАНОВ": a capital after a small letter is what the wrong charset makes.
                if position and word[position].isupper() and word[position - 1].islower():
                    points -= 30
        points += 4 * sum(1 for position in range(len(lowered) - 1) if lowered[position : position + 2] in _PAIRS)
    # Box drawing, control characters and the like have no place in a letter.
    strange = sum(1 for character in text if "\u2500" <= character <= "\u259f" or "\x80" <= character <= "\x9f" or character == "\ufffd")
    # Signs count too: "мен€" is what the Macintosh makes of "меня".
    count = _beyond_ascii(text)
    return (points - 10 * strange) / count if count else 0.0


def _beyond_ascii(text: str) -> int:
    return sum(1 for character in text if not character.isascii())
