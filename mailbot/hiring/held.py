"""A person's word on a message that is held: the answer to the notice that asks for it."""

from __future__ import annotations

from mailbot.hiring.actions import Word

#: What the notice asks for, and what people write instead; case, marks and a leading slash do not matter.
_WORDS: dict[str, Word] = {
    **dict.fromkeys(("send", "send it", "resend", "отправить", "отправь", "отправьте", "отправляйте"), "resend"),
    **dict.fromkeys(("drop", "drop it", "do not send", "don't send", "отменить", "отмени", "отмените", "не отправлять"), "drop"),
}


def word_of(text: str) -> Word | None:
    """Given the new text of an answer, return the word that its first line is; None for any other line: nothing is guessed."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return _WORDS.get(" ".join(first.strip(" \t\r\f\v\u00a0\ufeff/.!,«»\"'").casefold().split()))
