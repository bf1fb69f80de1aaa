"""Documents that are not read, and why: what is never opened, and how a reader says no."""

from __future__ import annotations

#: Extensions of what a desktop runs on a double click, and of documents that may carry macros: never opened, never passed on.
PROGRAMS = frozenset(
    "apk app bat chm cmd com cpl dll exe gadget hta img iso jar js jse lnk msc msi msp pif ps1 reg scr sh sys url vbe vbs vhd wsf".split()
)
MACRO_DOCUMENTS = frozenset("docm dotm xlsm xltm xlam xlsb pptm potm ppsm ppam sldm".split())


class Refused(Exception):
    """The document is not read; `verdict` and `because` are the answer."""

    def __init__(self, verdict: str, because: str) -> None:
        super().__init__(because)
        self.verdict = verdict
        self.because = because
