"""Tells whether a connection is one of a run's own processes.

The Hive Metastore's protocol knows no keys. But a run's processes are our children, and Linux says
which process a connection of this machine belongs to. Elsewhere nobody does: see
`docs/security.md`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
CAN_TELL = (_PROC / "net" / "tcp").exists()
"""Whether this machine says whose a connection is."""


class _Process(NamedTuple):
    parent: int
    group: int
    session: int


def is_of_run(leader: int, peer_port: int, own_port: int) -> bool:
    """Tell whether a connection from a port of loopback to one of ours is made by a run.

    A run is its first process, and what that started, be it in sessions of their own.
    """
    sockets = {f"socket:[{inode}]" for inode in _inodes(peer_port, own_port)}
    return bool(sockets) and any(not sockets.isdisjoint(_open(pid)) for pid in _run(leader))


def _inodes(peer_port: int, own_port: int) -> Iterator[str]:
    """Return the socket of a connection, of which Java's have addresses of IPv6."""
    wanted = (f":{peer_port:04X}", f":{own_port:04X}")
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (_PROC / "net" / name).read_text().splitlines()[1:]:
                words = line.split()
                if words[1].endswith(wanted[0]) and words[2].endswith(wanted[1]):
                    yield words[9]


def _run(leader: int) -> Iterator[int]:
    processes = dict(_processes())
    for pid, process in processes.items():
        if leader in (process.group, process.session) or leader in _ancestry(processes, pid):
            yield pid


def _ancestry(processes: dict[int, _Process], pid: int) -> Iterator[int]:
    # At most so many steps: processes come and go while they are read.
    for _ in range(len(processes)):
        yield pid
        if pid not in processes:
            return
        pid = processes[pid].parent


def _processes() -> Iterator[tuple[int, _Process]]:
    for name in os.listdir(_PROC):
        if name.isdigit():
            with contextlib.suppress(OSError):
                # The name of a program may hold anything, also a parenthesis.
                words = (_PROC / name / "stat").read_text().rpartition(")")[2].split()
                yield int(name), _Process(int(words[1]), int(words[2]), int(words[3]))


def _open(pid: int) -> Iterator[str]:
    folder = _PROC / str(pid) / "fd"
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                yield os.readlink(folder / name)
