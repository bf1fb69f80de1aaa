"""How texts are compared: case, ё, dashes, quoting and line breaks make no difference, links and addresses are no words."""

from __future__ import annotations

import re
import unicodedata

# Candidates write what they like: a pattern here starts at the beginning of a word and counts what it repeats, so that none is slow.

#: Whatever a mail client makes a link of; its question marks and words are no one's words.
LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>«»\"]+"
    r"|(?<![a-z0-9.-])(?:[a-z0-9-]{1,63}\.){1,8}(?:ru|рф|com|org|net|io|me|by|kz|su|pro|dev)/[^\s<>«»\"]*",
    re.IGNORECASE,
)
#: RFC 5321 section 4.5.3.1: 64 signs before the @.
ADDRESS = re.compile(r"(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z0-9-]{2,63}", re.IGNORECASE)


def folded(text: str) -> str:
    """Given a text, return it in lower case with ё as е, one kind of dash and one kind of space; line breaks stay."""
    text = unicodedata.normalize("NFKC", text).lower().replace("ё", "е")
    return re.sub(r"[^\S\n]+", " ", re.sub(r"[‐-―−]", "-", text))


def letters(text: str) -> str:
    """Given a text, return its letters and digits alone, folded: what stays the same however a client wraps and quotes it."""
    return "".join(sign for sign in folded(text) if sign.isalnum())


def without_links(text: str) -> str:
    """Given a text, return it with a space in the place of every link and e-mail address."""
    return LINK.sub(" ", ADDRESS.sub(" ", text))
