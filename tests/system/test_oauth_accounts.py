"""From config.toml to both servers with tokens: one refresh token for both ways, rotated, kept, and shown to nobody else."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Certificates
from servers import ImapServer
from token_server import TokenServer, introspection, token_server
from token_sink import Submissions, running_submissions

ROOT = Path(__file__).parents[2]
GIVEN = "refresh-1-" + "r3f" * 10

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")


class Company:
    """A configuration with OAuth2 on both ways, the servers that it speaks of, and the verbs as an operator types them."""

    def __init__(self, folder: Path, tokens: TokenServer, keys: dict[str, dict[str, object]]) -> None:
        self.folder, self.tokens = folder, tokens
        shipped = (ROOT / "config.toml").read_text("utf-8")
        before, rest = shipped.split("\n[imap]\n")
        _, after = rest.split("\n[office]\n")
        oauth = f'{{ token_url = "{tokens.url}", client_id = "mailbot-client" }}'
        tables = "".join(
            f"\n[{table}]\noauth = {oauth}\n" + "".join(f"{key} = {value!r}\n" for key, value in values.items())
            for table, values in keys.items()
        )
        (folder / "config.toml").write_text(f"{before}\n{tables}\n[office]\n{after}", "utf-8")
        (folder / "config.toml").chmod(0o644)
        (folder / "templates").symlink_to(ROOT / "templates")
        self.credentials = folder / "credentials"
        self.credentials.mkdir()
        self.give(GIVEN)

    def give(self, token: str) -> None:
        """The operator's refresh token, the same for both ways."""
        for name in ("imap-refresh-token", "smtp-refresh-token"):
            (self.credentials / name).write_text(f"{token}\n", "ascii")

    def mailbot(self, *words: str) -> tuple[int, str]:
        """The exit status of a verb and all that it says; none of it is a secret."""
        command = [sys.executable, "-m", "mailbot", *words, "--config", str(self.folder / "config.toml")]
        environ = {**os.environ, "CREDENTIALS_DIRECTORY": str(self.credentials)}
        done = subprocess.run(command, env=environ, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        said = done.stdout + done.stderr
        for secret in ({form["refresh_token"] for form in self.tokens.asked}, self.tokens.given, [self.tokens.refresh_token]):
            assert not any(one in said for one in secret)
        return done.returncode, said

    def kept(self) -> list[Path]:
        return sorted((self.folder / "state").glob("refresh-token-*"))


@pytest.fixture
def company(tmp_path: Path, certificates: Certificates, dovecot: ImapServer) -> Iterator[Company]:
    user = dovecot.new_user()
    authority = tmp_path / "ca.pem"
    # As an operator with an authority of one's own would: one file for the mail servers and the token server.
    authority.write_text(certificates.ca_file.read_text() + Path(dovecot.ca_file).read_text())
    with token_server(certificates, GIVEN) as tokens, introspection(tokens, dovecot.introspection_port):
        tokens.username = user
        tokens.rotates = True
        with running_submissions(Submissions(tokens)) as smtp_port:
            keys = {
                "imap": {"host": "localhost", "port": dovecot.tls_port, "username": user},
                "smtp": {"host": "127.0.0.1", "port": smtp_port, "security": "none", "username": user},
            }
            yield Company(tmp_path, tokens, {table: {**values, "ca_file": str(authority)} for table, values in keys.items()})


def test_both_ways_are_open_with_tokens_and_the_next_process_goes_on_with_the_rotated_one(company: Company) -> None:
    for processes in (1, 2):
        status, said = company.mailbot("check")
        assert (status, re.findall(r"(IMAP|SMTP) \S+: logged in", said)) == (0, ["IMAP", "SMTP"]), said
        assert "not acted on" not in said
        assert len(company.tokens.asked) == 2 * processes
    # The token that the operator gave was good for one use.
    assert [form["refresh_token"] for form in company.tokens.asked].count(GIVEN) == 1
    (kept,) = company.kept()
    assert (stat.S_IMODE(kept.stat().st_mode), kept.read_text()) == (0o600, f"{company.tokens.refresh_token}\n")


def test_the_daemon_reads_the_mailbox_with_a_token(company: Company) -> None:
    status, said = company.mailbot("once")
    assert status == 0, said
    assert company.tokens.asked


def test_a_refused_refresh_token_is_told_and_a_new_one_mends_it(company: Company) -> None:
    company.mailbot("check")
    company.tokens.refresh_token = "refresh-anew-" + "n3w" * 10
    status, said = company.mailbot("check")
    assert status != 0
    assert "invalid_grant; the refresh token has expired or was withdrawn: get a new one" in said
    # Asked once for each way, and not again and again.
    assert len(company.tokens.asked) == 4
    company.give(company.tokens.refresh_token)
    assert company.mailbot("check")[0] == 0


def test_a_refresh_token_that_is_missing_is_told_before_any_server_is_asked(company: Company) -> None:
    (company.credentials / "smtp-refresh-token").unlink()
    status, said = company.mailbot("check")
    assert status != 0
    assert "Give the systemd credential smtp-refresh-token" in said
    assert company.tokens.asked == []
