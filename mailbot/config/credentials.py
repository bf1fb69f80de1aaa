"""Where the secrets of a mail server are: in a variable, in a private file, or in a credential of systemd; never in config.toml."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from mailbot.config.settings import Server
from mailbot.config.values import is_file
from mailbot.errors import ConfigProblem, Problem


def secret(server: Server, environ: Mapping[str, str]) -> str:
    """Given a server of the settings and the environment, return its password, or with oauth its refresh token; "" where nobody logs in.

    It is that of the variable or the private file that config.toml names, else that of the systemd credential (systemd.exec(5),
    LoadCredential). Raise ConfigProblem where there is none.
    """
    if not server.username:
        return ""
    if server.oauth:
        return _refresh_token(server, environ)
    if server.password_env and environ.get(server.password_env):
        return environ[server.password_env]
    if server.password_file:
        return _content(server.password_file, f"{server.place}.password_file", "the password", private=True)
    name = _credential(server, "password")
    if password := _of_systemd(name, environ):
        return password
    if server.password_env:
        raise _problem(
            f"{server.place}.password_env",
            f"{server.password_env} is not set",
            "must name a variable that holds the password",
            f"Set it, or give the systemd credential {name}.",
        )
    raise _problem(
        server.place,
        "no password",
        "must name where the password is",
        f"Set password_env or password_file, or give the systemd credential {name}.",
    )


def client_secret(server: Server, environ: Mapping[str, str]) -> str:
    """Given a server of the settings and the environment, return the secret of its OAuth2 client; "" for a public client, which has none.

    It is that of the private file that config.toml names, else that of the systemd credential. Raise ConfigProblem if it can not be read.
    """
    if server.oauth and server.oauth.client_secret_file:
        return _content(server.oauth.client_secret_file, f"{server.place}.oauth.client_secret_file", "the client's secret", private=True)
    return _of_systemd(_credential(server, "client-secret"), environ)


def _refresh_token(server: Server, environ: Mapping[str, str]) -> str:
    if server.oauth and server.oauth.refresh_token_file:
        return _content(server.oauth.refresh_token_file, f"{server.place}.oauth.refresh_token_file", "the refresh token", private=True)
    name = _credential(server, "refresh-token")
    if token := _of_systemd(name, environ):
        return token
    raise _problem(
        f"{server.place}.oauth",
        "no refresh token",
        "must come with a refresh token",
        f"Give the systemd credential {name}, or set refresh_token_file in the table.",
    )


def _credential(server: Server, kind: str) -> str:
    """The name of the systemd credential: escalation-mailbox-password."""
    return f"{server.place.replace('_', '-')}-{kind}"


def _of_systemd(name: str, environ: Mapping[str, str]) -> str:
    """The credential of this name, "" if systemd gave none."""
    credential = Path(environ.get("CREDENTIALS_DIRECTORY", ""), name)
    # Credentials need no look at their mode: systemd shows them to the service alone.
    return (
        _content(credential, f"credential {name}", "the secret", private=False) if credential.is_absolute() and is_file(credential) else ""
    )


def _content(path: Path, place: str, what: str, *, private: bool) -> str:
    try:
        mode = path.stat().st_mode
        content = path.read_text("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or "can not be read") if isinstance(error, OSError) else "is not UTF-8"
        raise _problem(
            place, f"{path}: {reason}", "must be a file that can be read", "Correct the path or the owner of the file."
        ) from None
    if private and mode & 0o077:
        raise _problem(place, f"mode {stat.S_IMODE(mode):04o}", "must be readable by its owner alone", f"chmod 600 {path}")
    if not content:
        raise _problem(place, "an empty file", f"must hold {what}", f"Write it to {path}.")
    return content


def _problem(place: str, seen: str, expected: str, advice: str) -> ConfigProblem:
    return ConfigProblem((Problem(place, seen, expected, advice),))
