"""One TinyDB file with a schema and a checksum, replaced as a whole: TinyDB's own storage overwrites in place and is torn by a kill."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson
from tinydb.storages import Storage

from mailbot.errors import Permanent
from mailbot.records.files import in_words, write_atomically

SCHEMA = 1

Tables = dict[str, dict[str, Any]]


class RecordStorage(Storage):
    """Holds the tables in memory; `save` writes them, so that any number of changes is one atomic write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tables: Tables | None = None

    def read(self) -> Tables | None:
        """Return the tables, None for a file that is not there. Raise Permanent for a damaged or newer one, Temporary."""
        if self._tables is None:
            with in_words(self._path):
                try:
                    content = self._path.read_bytes()
                except FileNotFoundError:
                    return None
            self._tables = self._checked(content)
        return self._tables

    def write(self, data: Tables) -> None:
        """Take the tables; nothing is on the disk before `save`."""
        self._tables = data

    def save(self) -> None:
        """Replace the file atomically. Raise Temporary; then the old file is still there."""
        tables = orjson.dumps(self._tables)
        head = f'{{"schema":{SCHEMA},"checksum":"{_checksum(SCHEMA, tables)}","tables":'
        write_atomically(self._path, head.encode("ascii") + tables + b"}\n")

    def _checked(self, content: bytes) -> Tables:
        try:
            record = orjson.loads(content)
            schema, checksum, tables = record["schema"], record["checksum"], record["tables"]
        except (ValueError, TypeError, KeyError) as error:
            raise Permanent(self._damaged("it is not the record that was written")) from error
        if isinstance(schema, int) and schema > SCHEMA:
            raise Permanent(f"{self._path}: written by a newer mailbot (schema {schema}; this one knows {SCHEMA}). Upgrade mailbot")
        # orjson keeps the order of keys, so the tables come out as they were written.
        if not isinstance(tables, dict) or checksum != _checksum(schema, orjson.dumps(tables)):
            raise Permanent(self._damaged("its checksum does not fit"))
        return tables

    def _damaged(self, why: str) -> str:
        return f"{self._path}: the record is damaged, {why}. Its folder is left as it is; restore record.json from a backup"


def _checksum(schema: object, tables: bytes) -> str:
    return hashlib.sha256(b"%s\n" % str(schema).encode() + tables).hexdigest()
