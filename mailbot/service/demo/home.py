"""The folder of the demo: its configuration, password, clock and log, and the state of its daemon."""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mailbot.installed import share
from mailbot.service.demo.servers import HOST, Servers

#: (table, key) -> value in TOML.
Changes = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything of one demo lies."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def log(self) -> Path:
        return self.folder / "daemon.log"

    @property
    def server_log(self) -> Path:
        return self.folder / "servers.log"


def new_home() -> Home:
    """A new, private folder. Raise OSError."""
    return Home(Path(tempfile.mkdtemp(prefix="mailbot-demo-")))


def new_password() -> str:
    """A password that is easy to type."""
    return secrets.token_hex(4)


def furnish(home: Home, servers: Servers, recruiter: str) -> None:
    """Write the shipped configuration into the folder, with the demo's servers and recruiter in it. Raise OSError."""
    password = home.folder / "password"
    password.touch(mode=0o600)
    password.write_text(servers.password, encoding="utf-8")
    server = {"host": f'"{HOST}"', "security": '"none"', "username": f'"{servers.job}"', "password_env": ""}
    changes = {
        **{(table, key): value for table in ("imap", "smtp") for key, value in server.items()},
        ("imap", "port"): str(servers.imap_port),
        ("imap", "poll_seconds"): "1",
        ("smtp", "port"): str(servers.smtp_port),
        ("smtp", "files_sent"): "false",
        ("recruiters", "address"): f'"{recruiter}"',
    }
    text = (share() / "config.toml").read_text(encoding="utf-8")
    # Relative paths count from the folder of the file, and the assignments stay where they were installed.
    text = changed(text, changes).replace('"templates/', f'"{share()}/templates/')
    text = re.sub(r"(?m)^(\[(?:imap|smtp)\])$", r'\1\npassword_file = "password"', text)
    home.config.write_text(text, encoding="utf-8")
    home.config.chmod(0o644)


def changed(text: str, changes: Changes) -> str:
    """Given a TOML file of one line a key, return it with other values; the value "" takes a key out.

    Raise KeyError if a key is not there.
    """
    lines, table, missing = [], "", set(changes)
    for line in text.splitlines():
        head = re.fullmatch(r"\[+([\w.]+)\]+", line)
        table = head[1] if head else table
        key = (table, line.partition(" =")[0])
        if key in changes:
            missing.discard(key)
            line = f"{key[1]} = {changes[key]}" if changes[key] else f"# {line}"  # noqa: PLW2901
        lines.append(line)
    if missing:
        raise KeyError(f"the shipped config.toml has no {sorted(missing)}")
    return "\n".join(lines) + "\n"
