"""The log has one line an event and no personal data."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbot.errors import Permanent
from mailbot.service import logs


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    ours, root = logging.getLogger("mailbot"), logging.getLogger()
    before = ours.handlers[:], ours.level, ours.propagate, root.handlers[:]
    yield
    ours.handlers[:], ours.level, ours.propagate, root.handlers[:] = before


def written(*events: tuple[int, str, dict[str, object]], level: int = logging.INFO) -> str:
    stream = io.StringIO()
    logs.start(stream, {}, level)
    for of, text, extra in events:
        logging.getLogger("mailbot.tasks").log(of, text, extra=extra)
    return stream.getvalue()


def line(record: logging.LogRecord) -> str:
    return logs.Line(journal=True).format(record)


def failed(error: BaseException) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": "failed", "levelno": logging.ERROR, "exc_info": (type(error), error, error.__traceback__)})


def test_an_event_is_one_line_with_its_fields() -> None:
    said = written((logging.INFO, "delivery", {"case": "A-7F3K9", "attempts": 2, "purpose": "test sent"}))
    assert said.endswith('info delivery case=A-7F3K9 attempts=2 purpose="test sent"\n')
    assert said.count("\n") == 1


@pytest.mark.parametrize(("level", "priority"), [("INFO", 6), ("WARNING", 4), ("ERROR", 3), ("CRITICAL", 2)])
def test_journald_reads_the_priority(level: str, priority: int) -> None:
    assert line(logging.makeLogRecord({"msg": "x", "levelno": getattr(logging, level)})) == f"<{priority}>x"


def test_a_line_break_in_a_message_makes_no_second_entry() -> None:
    assert line(logging.makeLogRecord({"msg": "a\n<0>b\x1b[2J", "levelno": logging.INFO})) == "<6>a <0>b?[2J"


def test_addresses_and_message_ids_are_not_told() -> None:
    record = logging.makeLogRecord(
        {"msg": "550 ivan.petrov@mail.ru: <mb1.abc.0123@up-advert.ru>", "levelno": logging.INFO, "to": "я@почта.рф"}
    )
    assert line(record) == '<6>550 …@…: <…@…> to="…@…"'


def test_the_words_of_a_foreign_error_are_not_told_but_its_place_is() -> None:
    try:
        int("Иван Петров")
    except ValueError as error:
        said = line(failed(error))
    assert "Иван" not in said
    assert "ValueError" in said
    assert "test_logs.py" in said
    assert all(row.startswith("<3>") for row in said.splitlines())


def test_the_causes_of_an_error_are_told_too() -> None:
    try:
        try:
            dict[str, str]()["Иван"]
        except KeyError as error:
            raise Permanent("record.json is damaged") from error
    except Permanent as error:
        said = line(failed(error))
    assert "<3>Permanent: record.json is damaged" in said
    assert "<3>KeyError" in said
    assert "Иван" not in said


def test_what_libraries_log_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    logs.start(stream, {})
    logging.getLogger("imapclient").warning("Subject: Отклик")
    assert stream.getvalue() == ""
    assert capsys.readouterr().err == ""


def test_starting_twice_writes_once() -> None:
    logs.start(io.StringIO(), {})
    assert written((logging.WARNING, "once", {})).count("once") == 1


def test_levels_below_the_one_asked_for_are_left_out() -> None:
    assert written((logging.INFO, "quiet", {}), level=logging.WARNING) == ""


def test_journald_is_known_by_its_stream(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w+") as stream:
        status = os.fstat(stream.fileno())
        logs.start(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        logging.getLogger("mailbot").info("hello")
        stream.seek(0)
        assert stream.read() == "<6>hello\n"
