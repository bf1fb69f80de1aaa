"""Where the files that come with mailbot lie: templates/, config.toml and deploy/."""

from __future__ import annotations

from pathlib import Path


def share() -> Path:
    """The folder that holds templates/, config.toml and deploy/.

    In a wheel that is `mailbot/share`; in a checkout (an editable install too) they lie at the top level, beside the package.
    """
    package = Path(__file__).resolve().parent
    packed = package / "share"
    return packed if packed.is_dir() else package.parent
