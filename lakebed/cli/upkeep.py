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
