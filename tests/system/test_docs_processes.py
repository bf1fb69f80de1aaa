"""What the README shows of processes: the timeline of the demo, and the status of a running daemon."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import get_args

import handbook
from office import Office

from mailbot.records.outbox import State


def test_the_timeline_in_the_readme_is_that_of_the_demo() -> None:
    shown = next(block.text for block in handbook.blocks("README.md") if block.language == "text")
    done = subprocess.run(
        [sys.executable, "-m", "mailbot", "demo", "--fast"],
        env=os.environ | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Every run has references of its own.
    said = _without_references(done.stdout)
    assert [line for line in _without_references(shown) if line not in said] == []


def _without_references(text: str) -> list[str]:
    return [re.sub(r"A-[0-9A-Z]{5}", "A-…", line.rstrip()) for line in text.splitlines()]


def test_the_status_in_the_readme_has_the_keys_of_a_running_daemon(office: Office) -> None:
    shown = next(json.loads(block.text) for block in handbook.blocks("README.md") if block.before.startswith("`mailbot status"))
    office.letter("Отклик на вакансию Аккаунт-менеджер", "Хочу работать у вас. Когда вы ответите?\n")
    office.once()
    with office.running():
        office.logged("the mailbox is read to the end")
        real = office.json("status")
    assert real["mailboxes"]
    assert set(shown.pop("outbox")) | set(real.pop("outbox")) <= set(get_args(State))
    assert handbook.differences(shown, real) == []
