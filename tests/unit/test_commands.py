"""Command lines stand at the top, everything else is words."""

from __future__ import annotations

import pytest

from mailbot.hiring.commands import command_lines, stray_slash_lines


@pytest.mark.parametrize(
    ("text", "commands", "stray"),
    [
        ("", (), ()),
        ("Спасибо, ждём вас.", (), ()),
        ("/test", ("/test",), ()),
        ("\n\n  /reject \r\n\nДобрый день!\n", ("/reject",), ()),
        ("/move interview\n/assign Анна\nДобрый день", ("/move interview", "/assign Анна"), ()),
        ("/one\n\n/two\nслова", ("/one", "/two"), ()),
        ("\ufeff\u200b/test\u00a0", ("/test",), ()),
        ("Добрый день!\n/reject\n", (), ("/reject",)),
        ("/test\nслова\n /reject", ("/test",), ("/reject",)),
        ("и/или\nhttps://hh.ru/1", (), ()),
    ],
)
def test_commands_are_the_lines_at_the_top_that_begin_with_a_slash(text: str, commands: tuple[str, ...], stray: tuple[str, ...]) -> None:
    assert command_lines(text) == commands
    assert stray_slash_lines(text) == stray
