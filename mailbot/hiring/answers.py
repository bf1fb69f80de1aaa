"""Finds which part of a reply answers which question. What is doubtful counts as not answered: it is asked again, or a person reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mailbot.hiring.model import Answer, AskedQuestion, Exchange, Reply
from mailbot.hiring.wishes import asks_us, says_nothing, wants_erasure, withdraws
from mailbot.hiring.wording import folded, letters

#: A number that opens an answer: "1.", "1)", "(1)", "1:", "1 -", "№1", "Вопрос 1.", "1️⃣"; never a date, a time, a fraction or a range.
_GAP = r"[ \t]{0,3}"
_MARK = (
    rf"(?:(?P<word>(?:вопрос|ответ|пункт|question|answer){_GAP}№?{_GAP}|[№#]{_GAP})"
    rf"(?P<named>\d{{1,2}}){_GAP}(?:[.):\-–—](?!\d)|(?![\d.,:]))"
    r"|\(?(?P<plain>\d{1,2})(?:\ufe0f?(?P<key>\u20e3)|\s?(?P<sign>[.):])(?:(?<=\))|(?!\d))"
    rf"|{_GAP}(?P<dash>[-–—])(?=\s{{0,4}}[^\W\d]|\s{{1,4}}\S)))"
)
_AT_LINE = re.compile(rf"^[ \t*•·–—-]*{_MARK}", re.IGNORECASE | re.MULTILINE)
_NUMBER = re.compile(_MARK, re.IGNORECASE)
_IN_LINE = re.compile(rf"(?<=[\s;,.]){_MARK}", re.IGNORECASE)
#: "Мой опыт:" above a numbered list makes it the letter's own list, unless the line says that answers follow.
_OWN_LIST = re.compile(r"[:：]\s*\Z")
_ANSWERS_FOLLOW = re.compile(
    r"отвечаю|ответы|отвечу|ответил|на (?:ваши )?вопросы\s*:|по (?:пунктам|порядку)|answers|answering|(?:to|on) your questions"
)
_NUMBER_AT_END = re.compile(
    rf"(?:\n|^)[ \t>*•·–—-]*(?:вопрос|ответ|question|answer)?{_GAP}[№#(]?{_GAP}\d{{1,2}}{_GAP}[.):–—-]?\s*\Z", re.IGNORECASE
)
#: What the letter that asked puts behind a question that need not be answered.
_OPTIONAL = r"\s{0,3}\((?:по желанию|не ?обязательно|optional)\)"
#: A question this short (in letters) may stand in a sentence by chance.
_CERTAIN = 12


@dataclass(frozen=True, slots=True)
class _Start:
    """Where the answer to a question begins."""

    #: First sign of the number or of the copied question.
    start: int
    #: First sign behind it.
    end: int
    #: Place of the question in the letter that asked, from 1.
    number: int
    style: str = ""


def read_answers(questions: Sequence[AskedQuestion], reply: Reply) -> tuple[Answer, ...]:
    """Given the questions in the order and with the numbers in which they were asked, and a reply, return the answers found.

    Only questions that are still open get an answer; their numbers are their places in `questions`. An answer is found beneath the quoted
    question, behind the question's number, or behind the copied question; if but one question is open and nothing of that is there, the
    whole text answers it, unless it asks us something, takes something back, or says no more than "спасибо, отвечу завтра".
    """
    found: dict[int, str] = {}
    for number, text in (*_between_lines(questions, reply.exchanges), *_by_start(questions, reply.new_text)):
        if number not in found and not says_nothing(text):
            found[number] = text
    still_open = [number for number, question in enumerate(questions, 1) if question.state != "answered"]
    if not found and len(still_open) == 1 and _is_one_answer(questions[still_open[0] - 1], reply.new_text):
        found[still_open[0]] = reply.new_text.strip()
    return tuple(Answer(questions[number - 1].id, found[number]) for number in still_open if number in found)


def _is_one_answer(question: AskedQuestion, text: str) -> bool:
    return not (says_nothing(text) or asks_us(text, (question.text,)) or withdraws(text) or wants_erasure(text) or _AT_LINE.search(text))


def _between_lines(questions: Sequence[AskedQuestion], exchanges: Sequence[Exchange]) -> Iterator[tuple[int, str]]:
    """Answers beneath the quoted question: a passage belongs to the question that stands directly above it."""
    for exchange in exchanges:
        quote = letters(re.sub(rf"{_OPTIONAL}[\s>]*\Z", "", exchange.quote, flags=re.IGNORECASE))
        hits = [(quote.rfind(asked), number) for number, asked in _asked(questions) if quote.endswith(asked)]
        if hits:
            # The longest one: "Город" also ends "Ваш город".
            number = min(hits)[1]
            text = _behind(exchange.answer, 0, letters(questions[number - 1].text)) or 0
            starts = _numbers(exchange.answer, len(questions))
            if len(starts) > 1:
                # "1. да 2. нет" beneath the last question of a quoted list.
                yield from _by_start(questions, exchange.answer)
            else:
                yield number, _cleaned(exchange.answer[text:], number)
        elif len(quote) >= _CERTAIN:
            # The end of a question whose beginning the client cut off.
            parts = [number for number, asked in _asked(questions) if asked.endswith(quote)]
            if len(parts) == 1:
                yield parts[0], _cleaned(exchange.answer, parts[0])


def _asked(questions: Sequence[AskedQuestion]) -> Iterator[tuple[int, str]]:
    for number, question in enumerate(questions, 1):
        if letters(question.text):
            yield number, letters(question.text)


def _by_start(questions: Sequence[AskedQuestion], text: str) -> Iterator[tuple[int, str]]:
    """Answers behind the number of the question or behind its copied words, up to the next one."""
    starts = sorted((*_numbers(text, len(questions)), *_copies(questions, text)), key=lambda start: start.start)
    for place, start in enumerate(starts):
        stop = starts[place + 1].start if place + 1 < len(starts) else len(text)
        yield start.number, _cleaned(text[start.end : stop], start.number)


def _cleaned(text: str, number: int) -> str:
    """An answer without quoted lines, the number before it, the number of the next question behind it, and the signs before it."""
    text = re.sub(r"^[ \t]*>.*$", "", text, flags=re.MULTILINE)
    text = re.sub(rf"\A\W?{_OPTIONAL}", "", text, flags=re.IGNORECASE)
    own = _AT_LINE.match(text)
    if own and _number(own) == number:
        text = text[own.end() :]
    text = _NUMBER_AT_END.sub("", text) if "\n" in text.strip() else text
    return re.sub(r"^[\s.,:;?!–—]*(?:-+\s+)?", "", text).rstrip("; ,\t\r\n")


def _number(found: re.Match[str]) -> int:
    return int(found["named"] or found["plain"])


def _style(found: re.Match[str]) -> str:
    return "word" if found["word"] else "-" if found["dash"] else found["sign"] or "key"


def _numbers(text: str, asked: int) -> list[_Start]:
    """The numbers at the beginnings of lines, and within a line such as "1. да 2. нет", that can only be those of our questions.

    They ascend. From the first number that does not, all that follows belongs to the answer before it. A list that goes on beyond the last
    question, or that a line such as "Мой опыт:" announces, is the letter's own.
    """
    lines = [_Start(hit.start(), hit.end(), _number(hit), _style(hit)) for hit in _AT_LINE.finditer(text)]
    if not lines:
        opening = next((hit for hit in _IN_LINE.finditer(text) if _number(hit) == 1 and not _is_quoted(text, hit.start())), None)
        lines = [_Start(opening.start(), opening.end(), 1, _style(opening))] if opening else []
    lines = _ascending(lines)
    if not lines or _is_own_list(text[: lines[0].start]):
        return []
    starts: list[_Start] = []
    for place, line in enumerate(lines):
        stop = lines[place + 1].start if place + 1 < len(lines) else len(text)
        starts += (line, *_in_line(text, line, stop, lines[place + 1].number if place + 1 < len(lines) else 100))
    if not starts or starts[-1].number > asked or starts[0].number < 1:
        return []
    # "3 - 5 лет" beneath "2. Опыт:" is a range and no third answer, unless all numbers are written with a dash.
    if any(start.style == "-" and re.match(r"\s*\d", text[start.end :]) for start in starts) and any(
        start.style != "-" for start in starts
    ):
        starts = [start for start in starts if start.style != "-"]
    return starts


def _ascending(starts: list[_Start]) -> list[_Start]:
    """The numbers up to the first that does not ascend; if several styles are mixed and do not, those of the first style alone."""
    if any(after.number <= before.number for before, after in pairwise(starts)):
        starts = [start for start in starts if start.style == starts[0].style]
    kept: list[_Start] = []
    for start in starts:
        if kept and start.number <= kept[-1].number:
            break
        kept.append(start)
    return kept


def _in_line(text: str, line: _Start, stop: int, before: int) -> Iterator[_Start]:
    """The numbers that follow within one line, each one more than the last and written like the first."""
    end_of_line = text.find("\n", line.end, stop)
    number = line.number
    for hit in _IN_LINE.finditer(text, line.end, stop if end_of_line < 0 else end_of_line):
        lead = text[line.end : hit.start()].rstrip()
        if _number(hit) == number + 1 < before and _style(hit) == line.style and lead and lead[-1] not in ":-–—":
            number += 1
            yield _Start(hit.start(), hit.end(), number, line.style)


def _is_quoted(text: str, place: int) -> bool:
    return text[text.rfind("\n", 0, place) + 1 : place].lstrip().startswith(">")


def _is_own_list(above: str) -> bool:
    line = above.rstrip().rpartition("\n")[2]
    return bool(_OWN_LIST.search(line)) and not _ANSWERS_FOLLOW.search(folded(line))


def _copies(questions: Sequence[AskedQuestion], text: str) -> Iterator[_Start]:
    """The places where a line begins with the words of a question."""
    known = tuple(_asked(questions))
    for line in re.finditer(r"^[ \t>*•·–—-]*(?=\S)", text, re.MULTILINE):
        number_before = _NUMBER.match(text, line.end())
        begin = number_before.end() if number_before else line.end()
        # Most lines begin like no question.
        head = letters(text[begin : begin + 20])
        likely = [(number, asked) for number, asked in known if head and (asked.startswith(head) or head.startswith(asked))]
        ends = [(end, number) for number, asked in likely if (end := _behind(text, begin, asked)) is not None]
        if ends:
            end, number = max(ends)
            yield _Start(line.start(), end, number)


def _behind(text: str, start: int, asked: str) -> int | None:
    """The place behind the words of a question that `text` repeats from `start` on, or None if it says something else there."""
    place = 0
    for position in range(start, min(len(text), start + 3 * len(asked) + 20)):
        # Folding one sign costs more than all else here, and a line may be nothing but dashes.
        for sign in letters(text[position]) if text[position].isalnum() else "":
            if place == len(asked) or sign != asked[place]:
                return None
            place += 1
        if place == len(asked):
            after = text[position + 1 : position + 2]
            return None if after.isalnum() else position + 1
    return None
