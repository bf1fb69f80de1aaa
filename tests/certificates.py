"""A certificate authority of the tests and one server certificate, good for the host name `localhost` alone."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificates:
    #: The authority that signed `cert_file`; no system trusts it.
    ca_file: Path
    #: For `localhost`; not for `127.0.0.1`, so connecting there is the case "wrong host".
    cert_file: Path
    key_file: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert_file, self.key_file)
        return context


def make_certificates(folder: Path) -> Certificates:
    """Make a new authority and a server certificate in `folder` (20 ms); raises CalledProcessError if openssl will not."""
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    ca_key, request, names = folder / "ca.key", folder / "server.csr", folder / "names"
    names.write_text("subjectAltName=DNS:localhost")
    elliptic = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl("req", "-x509", *elliptic, "-days", "30", "-subj", "/CN=tests", "-keyout", ca_key, "-out", made.ca_file)
    _openssl("req", *elliptic, "-subj", "/CN=localhost", "-keyout", made.key_file, "-out", request)
    _openssl(
        *("x509", "-req", "-in", request, "-CA", made.ca_file, "-CAkey", ca_key, "-CAcreateserial"),
        *("-days", "30", "-extfile", names, "-out", made.cert_file),
    )
    return made


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
