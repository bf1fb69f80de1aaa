"""What systemd is told, and how often it wants to hear."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mailbot.service import systemd


def heard(address: str, *states: str, notify_socket: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(5)
        assert systemd.notify(*states, environ={"NOTIFY_SOCKET": notify_socket})
        return listener.recv(4096).decode()


def test_states_arrive_in_one_datagram_at_a_socket_in_the_file_system(tmp_path: Path) -> None:
    path = str(tmp_path / "n")
    assert heard(path, "READY=1", "STATUS=жду писем", notify_socket=path) == "READY=1\nSTATUS=жду писем"


def test_states_arrive_at_an_abstract_socket() -> None:
    name = f"mailbot-test-{os.getpid()}"
    assert heard(f"\0{name}", "STOPPING=1", notify_socket=f"@{name}") == "STOPPING=1"


def test_a_line_break_in_a_status_begins_no_other_state(tmp_path: Path) -> None:
    path = str(tmp_path / "n")
    assert heard(path, "STATUS=a\nMAINPID=1", notify_socket=path) == "STATUS=a MAINPID=1"


@pytest.mark.parametrize("address", ["", "relative", "vsock:2:1"])
def test_without_a_socket_that_is_understood_nothing_is_sent(address: str) -> None:
    assert not systemd.notify("READY=1", environ={"NOTIFY_SOCKET": address} if address else {})


def test_a_supervisor_that_is_gone_is_no_error(tmp_path: Path) -> None:
    assert not systemd.notify("READY=1", environ={"NOTIFY_SOCKET": str(tmp_path / "gone")})


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "300000000"}, 300.0),
        ({"WATCHDOG_USEC": "300000000", "WATCHDOG_PID": str(os.getpid())}, 300.0),
        ({"WATCHDOG_USEC": "300000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_the_watchdog_is_this_process_s_own(environ: dict[str, str], seconds: float) -> None:
    assert systemd.watchdog_seconds(environ) == seconds


def test_a_supervisor_that_does_not_listen_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "_PATIENCE", 0.05)
    path = str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(path)
        told = [
            systemd.notify("WATCHDOG=1", environ={"NOTIFY_SOCKET": path})
            for _ in range(int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text()) + 2)
        ]
    assert told[0]
    assert not told[-1]
