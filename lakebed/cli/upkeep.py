"""The commands that look after a lake, declared; what they do is imported when they run."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from lakebed.cli.settings import Resolved

Command = Callable[[argparse.Namespace, Resolved], int]
Add = Callable[[str, Command, str], argparse.ArgumentParser]


def add_upkeep(add: Add) -> None:
    """Declare every command; `add(name, command, text)` makes its parser."""
    parser = add("sync", _sync, "Take into the index what hands changed in the lake's folder.")
    parser.add_argument("bucket", nargs="?", help="only this bucket (default: all)")
    _add_fsck(
        add(
            "fsck",
            _fsck,
            "Compare folder, index and checksums, whether the lake is served or not. "
            "Exit status: 0 clean, 1 something was found, 2 the check could not run.",
        )
    )
    text = (
        "Copy the lake as it is at this moment, while it is served or not, to TARGET/TIME. "
        "Files that did not change since the last backup there are not copied again."
    )
    parser = add("backup", _backup, text)
    parser.add_argument("target", metavar="TARGET", help="folder of the backups")
    parser.add_argument("--copy", action="store_true", help="copy bytes; never link to the lake's")
    parser.add_argument("--verify", action="store_true", help="read the backup and compare it all")
    parser.add_argument("--keep", type=_count, metavar="N", help="remove all but the newest N")
    parser = add("restore", _restore, "Make a data folder of a backup; its server is stopped.")
    parser.add_argument("source", metavar="SOURCE", help="a backup, or a folder of them: the last")
    parser.add_argument("--verify", action="store_true", help="read what was restored and compare")
    parser.add_argument(
        "--force", action="store_true", help="even if there is a lake, which is moved aside"
    )


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("expected 1 or more")
    return count


def _add_fsck(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--deep", action="store_true", help="read every byte (finds bit rot)")
    parser.add_argument(
        "--repair",
        action="store_true",
        help="mend the index; no bytes are deleted: what has no place goes to state/lost+found",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _sync(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.sync import sync

    return sync(options, resolved)


def _fsck(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.fsck import fsck

    return fsck(options, resolved)


def _backup(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.backup import backup

    return backup(options, resolved)


def _restore(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.restore import restore

    return restore(options, resolved)
