"""deploy/mailbot.service: systemd understands it, and it may do little."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mailbot.installed import share

UNIT = share() / "deploy" / "mailbot.service"
#: The exposure that `systemd-analyze security` may find at most, times ten; it finds 1.1 (measured with systemd 252).
EXPOSURE = 15


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = shutil.which("systemd-analyze")
    if command is None:
        pytest.skip("systemd-analyze is not here (Debian: systemd)")
    return subprocess.run(
        [command, *arguments], capture_output=True, text=True, check=False, env={"SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"}
    )


def test_systemd_finds_the_unit_tight() -> None:
    found = analyze("security", "--offline=yes", f"--threshold={EXPOSURE}", str(UNIT))
    assert found.returncode == 0, found.stdout + found.stderr
    assert "Overall exposure level" in found.stdout


def test_systemd_understands_every_line_of_the_unit(tmp_path: Path) -> None:
    # The program is not installed here; everything else is checked as it stands.
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/mailbot/bin/mailbot", "/bin/true"), encoding="utf-8")
    found = analyze("verify", "--man=no", str(unit))
    assert (found.returncode, found.stderr) == (0, "")


def test_the_unit_keeps_the_contract_of_the_daemon() -> None:
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    for line in (
        "Type=notify",
        "ExecStart=/opt/mailbot/bin/mailbot run --config /etc/mailbot/config.toml",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "Restart=always",
        "RestartPreventExitStatus=2",
        "WatchdogSec=300",
        "StateDirectory=mailbot",
        "LoadCredential=imap-password:/etc/mailbot/imap-password",
        "LoadCredential=smtp-password:/etc/mailbot/smtp-password",
    ):
        assert line in lines
