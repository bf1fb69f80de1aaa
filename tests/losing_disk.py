"""A disk that remembers what was done to a folder, and what of it a power cut may leave: whatever no fsync has covered may be lost.

    with LosingDisk(folder).watching(monkeypatch) as disk: ...      # what is done goes through, and is noted
    disk.after_cut(at, kept, into)                                  # as if the power had failed after `at` steps

Of what is not covered each step may be on the disk or not, whatever came after it: a written piece, a new size, a name. A name is covered
by the fsync of its folder alone. A rename is one step.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done: to the content of a file (`file` is its number), or to the names in a folder (its path)."""

    target: int | str
    #: A piece that was written, and where.
    piece: bytes | None = None
    offset: int = 0
    #: The size that the file was cut to.
    size: int | None = None
    #: Name -> the number of its file, the path of a folder, None for one that is gone.
    names: tuple[tuple[str, int | str | None], ...] = ()
    #: An fsync: it covers every step before it on the same target.
    sync: bool = False


class LosingDisk:
    """A folder, empty at first, and every step that was done in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.steps: list[Step] = []
        #: What is open, by descriptor: the number of a file or the path of a folder.
        self._descriptors: dict[int, int | str] = {}
        #: The number of the file that has a path now, and how large each file is.
        self._files: dict[str, int] = {}
        self._sizes: list[int] = []

    @contextmanager
    def watching(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[LosingDisk]:
        """What is done meanwhile with the functions of `os` is noted, if it is done in the folder."""
        with monkeypatch.context() as patched:
            notes: dict[str, Callable[..., None]] = {
                "open": self._opened,
                "close": self._closed,
                "write": self._written,
                "ftruncate": self._cut,
                "fsync": self._synced,
                "mkdir": self._made,
                "rename": self._renamed,
                "unlink": self._unlinked,
            }
            for name, note in notes.items():
                patched.setattr(os, name, _noting(getattr(os, name), note))
            yield self

    def loose(self, at: int) -> tuple[int, ...]:
        """The numbers of those of the first `at` steps that no fsync among them covers."""
        covered: set[int | str] = set()
        found = []
        for number in reversed(range(at)):
            step = self.steps[number]
            if step.sync:
                covered.add(step.target)
            elif step.target not in covered:
                found.append(number)
        return tuple(reversed(found))

    def in_order(self, at: int, kept: Collection[int]) -> bool:
        """Whether what is kept of each file's loose steps is what was done first: none of it was lost before what stayed."""
        lost: set[int | str] = set()
        for number in self.loose(at):
            target = self.steps[number].target
            if number not in kept:
                lost.add(target)
            elif target in lost and isinstance(target, int):
                return False
        return True

    def after_cut(self, at: int, kept: Collection[int], into: Path, torn: float = 1.0) -> None:
        """Make in an empty folder what stands on the disk after the first `at` steps, of the loose ones those that are `kept`; of the last
        of these only a part is written if it is `torn`."""
        contents: dict[int, bytearray] = {}
        folders: dict[str, dict[str, int | str]] = {}
        loose = set(self.loose(at))
        last = max(kept, default=-1)
        for number, step in enumerate(self.steps[:at]):
            if step.sync or (number in loose and number not in kept):
                continue
            if isinstance(step.target, str):
                names = folders.setdefault(step.target, {})
                for name, target in step.names:
                    names.pop(name, None)
                    if target is not None:
                        names[name] = target
                continue
            content = contents.setdefault(step.target, bytearray())
            if step.size is not None:
                del content[step.size :]
            if step.piece is not None:
                piece = step.piece[: int(len(step.piece) * torn)] if number == last else step.piece
                content.extend(bytes(max(0, step.offset - len(content))))
                content[step.offset : step.offset + len(piece)] = piece
        self._lay_out("", into, folders, contents)

    def _lay_out(self, folder: str, into: Path, folders: dict[str, dict[str, int | str]], contents: dict[int, bytearray]) -> None:
        into.mkdir(exist_ok=True)
        for name, target in folders.get(folder, {}).items():
            if isinstance(target, str):
                self._lay_out(target, into / name, folders, contents)
            else:
                (into / name).write_bytes(contents.get(target, b""))

    def _opened(self, descriptor: int, path: str | Path, flags: int, *_: int, **__: int) -> None:
        inside = self._inside(path)
        if inside is None:
            return
        if flags & os.O_DIRECTORY:
            self._descriptors[descriptor] = inside
            return
        number = self._files.get(inside)
        if number is None:
            number = self._files[inside] = len(self._sizes)
            self._sizes.append(0)
            self._name(inside, number)
        elif flags & os.O_TRUNC:
            self._sized(number, 0)
        self._descriptors[descriptor] = number

    def _closed(self, _: None, descriptor: int) -> None:
        self._descriptors.pop(descriptor, None)

    def _written(self, count: int, descriptor: int, content: bytes) -> None:
        number = self._descriptors.get(descriptor)
        if isinstance(number, int):
            self.steps.append(Step(number, piece=bytes(content[:count]), offset=self._sizes[number]))
            self._sizes[number] += count

    def _cut(self, _: None, descriptor: int, size: int) -> None:
        number = self._descriptors.get(descriptor)
        if isinstance(number, int):
            self._sized(number, size)

    def _synced(self, _: None, descriptor: int) -> None:
        if descriptor in self._descriptors:
            self.steps.append(Step(self._descriptors[descriptor], sync=True))

    def _made(self, _: None, path: str | Path, *__: int, **___: int) -> None:
        inside = self._inside(path)
        if inside is not None:
            self._name(inside, inside)

    def _renamed(self, _: None, old: str | Path, new: str | Path) -> None:
        before, after = self._inside(old), self._inside(new)
        if before is not None and after is not None:
            assert Path(before).parent == Path(after).parent, "a rename within one folder is all that is understood here"
            self._files[after] = self._files.pop(before)
            names = ((Path(before).name, None), (Path(after).name, self._files[after]))
            self.steps.append(Step(_parent(after), names=names))

    def _unlinked(self, _: None, path: str | Path, **__: int) -> None:
        inside = self._inside(path)
        if inside is not None:
            del self._files[inside]
            self._name(inside, None)

    def _name(self, inside: str, target: int | str | None) -> None:
        self.steps.append(Step(_parent(inside), names=((Path(inside).name, target),)))

    def _sized(self, number: int, size: int) -> None:
        self._sizes[number] = size
        self.steps.append(Step(number, size=size))

    def _inside(self, path: str | Path) -> str | None:
        """The path as seen from the folder, "" for the folder itself; None if it lies elsewhere."""
        relative = os.path.relpath(path, self._folder)
        return None if relative.startswith("..") else "" if relative == "." else relative


def _parent(inside: str) -> str:
    return inside.rpartition("/")[0]


def _noting(real: Callable[..., Any], note: Callable[..., None]) -> Callable[..., Any]:
    def run(*arguments: Any, **named: Any) -> Any:
        result = real(*arguments, **named)
        note(result, *arguments, **named)
        return result

    return run
