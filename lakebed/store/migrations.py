"""What turns the state folder of one format into one of the next; see `ownership.open_format`."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path


def journal_of_pending(state_dir: Path) -> None:
    """From format 1 to 2: marks of unfinished PUTs move to the journal, one row a commit.

    Format 2 also has versions of objects, which a release of format 1 would not see.
    """
    path = state_dir / "store.sqlite"
    if not path.exists():
        return
    connection = sqlite3.connect(path)
    try:
        known = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 's3_pending'"
        if connection.execute(known).fetchone() is None:
            return
        rows = connection.execute("SELECT value FROM s3_pending ORDER BY id").fetchall()
        marks = [_mark(json.loads(value), state_dir) for (value,) in rows]
        connection.execute(
            "CREATE TABLE IF NOT EXISTS s3_journal "
            "([id] NUMERIC NOT NULL, value BLOB NOT NULL, PRIMARY KEY ([id])) WITHOUT ROWID"
        )
        if marks:
            row = json.dumps({"id": 0, "marks": marks}).encode()
            connection.execute("INSERT OR REPLACE INTO s3_journal VALUES (0, ?)", (row,))
        connection.execute("DROP TABLE s3_pending")
        connection.commit()
    finally:
        connection.close()


def _mark(pending: dict[str, str | int], state_dir: Path) -> list[str | int | bool]:
    name = str(pending["temporary"]).removeprefix(f"{state_dir}/")
    # The row of the object says which mtime its file must have.
    return [str(pending["bucket"]), str(pending["key"]), name, pending["inode"], 0, True]
