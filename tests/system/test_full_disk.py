"""The state in trouble: a full or read-only disk, files that are closed to mailbot or of a newer one. Nothing is lost or repeated."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from applicants import A_FILE, LETTER, SUBJECT
from office import CANDIDATE, RECRUITER, ROOT, Office

NOBODY = 65534


@pytest.fixture
def mounted(office: Office) -> Iterator[Callable[[str], None]]:
    """The state on a file system of two megabytes; call it with options to mount it otherwise."""
    state = office.folder / "state"

    def mount(options: str) -> None:
        done = subprocess.run(["mount", "-o", options, "tmpfs", str(state)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    kept = office.folder / "kept"
    shutil.copytree(state, kept)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(state)], check=False).returncode:
        pytest.skip("only root may mount a small disk")
    shutil.copytree(kept, state, dirs_exist_ok=True)
    yield mount
    subprocess.run(["umount", "--lazy", str(state)], check=True)


def applicant(number: int) -> str:
    return f"applicant{number}@mail.ru"


def test_a_full_disk_stops_before_anything_is_sent_and_all_is_answered_once_when_there_is_room(
    office: Office, mounted: Callable[[str], None]
) -> None:
    # Each letter is kept with its attachment: so many do not fit.
    size = max(len(A_FILE[1]), 200_000)
    for number in range(8):
        office.letter(SUBJECT, LETTER, sender=applicant(number), attach=("портфолио.pdf", A_FILE[1].ljust(size, b"\n")))
    office.pass_time(minutes=1)
    said = office.mailbot("once", expect=1)
    assert "the disk is full. Free some space" in said
    assert "Traceback" not in said
    answered = [message["To"] for message in office.sent() if message["To"] != RECRUITER]
    assert 0 < len(answered) < 8
    # Whoever was answered has a record of it.
    assert {application["addresses"][0] for application in office.applications()} >= set(answered)
    mounted("remount,size=64m")
    for _ in range(2):
        office.pass_time(minutes=1)
        office.once()
    assert sorted(message["To"] for message in office.sent() if message["To"] != RECRUITER) == [applicant(number) for number in range(8)]
    assert len(office.sent_to(RECRUITER)) == 8
    assert len(office.applications()) == 8


def test_the_daemon_lives_through_a_full_disk(office: Office, mounted: Callable[[str], None]) -> None:
    ballast = office.folder / "state" / "ballast"
    with office.running():
        office.logged("the mailbox is read to the end")
        with pytest.raises(OSError, match="No space"):
            ballast.write_bytes(bytes(4_000_000))
        office.letter(SUBJECT, LETTER)
        office.logged("the disk is full")
        assert office.sent() == []
        ballast.unlink()
        office.smtp.wait_for(2, 40)
    assert sorted(str(message["To"]) for message in office.sent()) == [RECRUITER, CANDIDATE]


def test_a_read_only_state_is_refused_and_sends_nothing(office: Office, mounted: Callable[[str], None]) -> None:
    office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=1)
    mounted("remount,ro")
    assert "state.dir: must be a folder that mailbot can read and write" in office.mailbot("once", expect=2)
    mounted("remount,rw")
    assert office.sent() == []
    office.once()
    assert len(office.sent_to(CANDIDATE)) == 1


def test_a_state_folder_that_others_may_enter_is_refused_in_words(office: Office) -> None:
    state = office.folder / "state"
    state.chmod(0o755)
    assert f"state.dir: must be private: it holds candidates' letters (found: {state}, mode 0755). chmod go-rwx {state}" in office.mailbot(
        "once", expect=2
    )


def test_a_record_of_a_newer_mailbot_is_refused_in_words_and_costs_nobody_else(office: Office) -> None:
    office.letter(SUBJECT, LETTER)
    office.pass_time(minutes=1)
    office.once()
    (reference,) = [application["reference"] for application in office.applications()]
    (record,) = (office.folder / "state").glob("applications/*/*/record.json")
    content = json.loads(record.read_bytes())
    record.write_text(json.dumps(content | {"schema": 2}), encoding="utf-8")
    office.letter(SUBJECT, LETTER, sender="second@mail.ru")
    office.pass_time(minutes=1)
    said = office.once()
    assert "written by a newer mailbot (schema 2; this one knows 1). Upgrade mailbot" in said
    # A record that can not be read is safe mode: nothing goes to candidates until a person has looked.
    assert office.sent_to("second@mail.ru") == []
    office.mailbot("resume")
    office.pass_time(minutes=1)
    office.once()
    assert len(office.sent_to("second@mail.ru")) == 1
    assert "Upgrade mailbot" in office.mailbot("show", reference, expect=1)
    assert json.loads(record.read_bytes())["schema"] == 2


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A state that is another user's, whom mailbot becomes: then modes count, as they do not for root."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    folder = Path(tempfile.mkdtemp(prefix="mailbot-test-"))
    folder.chmod(0o755)
    (folder / "config.toml").write_bytes((ROOT / "config.toml").read_bytes())
    (folder / "config.toml").chmod(0o644)
    (folder / "state").mkdir(mode=0o700)
    os.chown(folder / "state", NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["ledger.jsonl", "outbox.jsonl", "key"])
def test_a_file_that_is_closed_to_mailbot_is_named(foreign: Path, name: str) -> None:
    command = [sys.executable, "-m", "mailbot", "resume", "--config", str(foreign / "config.toml")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), *sys.path))}

    def resume() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60, cwd=foreign)

    assert resume().returncode == 0
    file = foreign / "state" / name
    file.touch()
    file.chmod(0o000)
    done = resume()
    assert done.returncode == 1
    assert f"{file}: access is denied. Give the state folder to the user that mailbot runs as" in done.stderr
    assert "Traceback" not in done.stderr
