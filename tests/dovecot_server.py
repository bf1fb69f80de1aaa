"""A real Dovecot as its own process, with its own folder, ports, certificate and users."""

from __future__ import annotations

import getpass
import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from certificates import make_certificates
from imap_server import ImapServer

CONFIGURATION = r"""
base_dir = {folder}/run
log_path = {folder}/log
protocols = imap lmtp
listen = 127.0.0.1
mail_location = maildir:~/Maildir
mail_uid = {owner}
mail_gid = {group}
first_valid_uid = 1
mail_fsync = never
mail_max_userip_connections = 100
ssl = yes
ssl_cert = <{cert_file}
ssl_key = <{key_file}
disable_plaintext_auth = no
auth_failure_delay = 0
recipient_delimiter =
{users_of_processes}
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = home={folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \Sent
    auto = create
  }}
  mailbox Junk {{
    special_use = \Junk
    auto = create
  }}
}}
service imap-login {{
  service_count = 0
  {no_chroot}
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  {no_chroot}
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
"""

# Dovecot asks the token server of a test about every token that it is shown.
INTROSPECTION = """
introspection_mode = get
introspection_url = http://127.0.0.1:{port}/introspection?token=
username_attribute = username
active_attribute = active
active_value = true
"""

# Its standard input is a pipe held by the tests: when they end, in whatever way (kill -9 too), the pipe closes and Dovecot ends with them.
# The master is killed, not asked: asked, it takes 1 to 6 seconds (measured), and its children end by themselves when it is gone.
KEEPER = 'dovecot -F -c "$1/dovecot.conf" & read -r ended; kill -9 $!; wait; rm -rf "$1"'


def why_no_dovecot() -> str:
    """The reason why Dovecot can not be started here, or ""."""
    if shutil.which("dovecot", path=_path()) is None:
        return "dovecot is not installed (Debian: dovecot-imapd dovecot-lmtpd)"
    if not Path("/usr/lib/dovecot/lmtp").exists():
        return "dovecot has no LMTP (Debian: dovecot-lmtpd)"
    return "" if shutil.which("openssl") else "openssl is not installed"


@contextmanager
def running_dovecot() -> Iterator[ImapServer]:
    """A Dovecot of one's own, ready in about 0.1 s; gone afterwards. Raises RuntimeError with its log if it will not start."""
    folder = Path(tempfile.mkdtemp(prefix="mailbot-dovecot-"))
    server = _configure(folder)
    keeper = subprocess.Popen(["sh", "-c", KEEPER, "sh", folder], stdin=subprocess.PIPE, env={**os.environ, "PATH": _path()})
    try:
        _await_ready(keeper, folder, server.port)
        yield server
    finally:
        keeper.communicate()
        # What the dying children still wrote.
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path) -> ImapServer:
    root = os.geteuid() == 0
    # Dovecot does not open mail as root, so as root the mail is nobody's.
    owner = "nobody" if root else getpass.getuser()
    account = pwd.getpwnam(owner)
    group = grp.getgrgid(account.pw_gid).gr_name
    folder.chmod(0o755)
    (folder / "mail").mkdir()
    os.chown(folder / "mail", account.pw_uid, account.pw_gid)
    certificates = make_certificates(folder)
    port, tls_port, lmtp_port, introspection_port = free_ports(4)
    server = ImapServer(
        port=port, tls_port=tls_port, lmtp_port=lmtp_port, ca_file=str(certificates.ca_file), introspection_port=introspection_port
    )
    server.homes = folder / "mail"
    (folder / "oauth2.conf").write_text(INTROSPECTION.format(port=introspection_port))
    unprivileged = f"default_internal_user = {owner}\ndefault_internal_group = {group}\ndefault_login_user = {owner}"
    configuration = CONFIGURATION.format(
        folder=folder,
        owner=owner,
        group=group,
        cert_file=certificates.cert_file,
        key_file=certificates.key_file,
        password=server.password,
        port=port,
        tls_port=tls_port,
        lmtp_port=lmtp_port,
        users_of_processes="" if root else unprivileged,
        no_chroot="" if root else "chroot =",
    )
    (folder / "dovecot.conf").write_text(configuration)
    return server


def _await_ready(keeper: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                if connection.recv(4) == b"* OK":
                    return
        except OSError:
            time.sleep(0.01)
    log = folder / "log"
    raise RuntimeError(f"dovecot did not start (keeper {keeper.pid}): {log.read_text() if log.exists() else 'no log'}")


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that were free a moment ago."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def _path() -> str:
    # /usr/sbin is not on an ordinary user's PATH.
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
