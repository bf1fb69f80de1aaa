"""Documents that are not read, and why: what is never opened, and how a reader says no."""

from __future__ import annotations

#: Extensions of what a desktop runs on a double click, and of documents that may carry macros: never opened, never passed on.
PROGRAMS = frozenset(
    "apk app appref-ms application bat chm cmd com command cpl csh deb diagcab dll dmg exe gadget hlp hta img inf iso jar jnlp js jse"
    " library-ms lnk mde msc msi msix msp mst one pif pkg ps1 psm1 rdp reg rpm run scf scr sct search-ms settingcontent-ms sh sys url vb"
    " vbe vbs vhd vhdx wim wsc wsf wsh xbap xll".split()
)
MACRO_DOCUMENTS = frozenset("docm dotm xlsm xltm xlam xlsb pptm potm ppsm ppam sldm".split())


class Refused(Exception):
    """The document is not read; `verdict` and `because` are the answer."""

    def __init__(self, verdict: str, because: str) -> None:
        super().__init__(because)
        self.verdict = verdict
        self.because = because
