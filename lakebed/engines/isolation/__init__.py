"""What a child process may see of the machine: the folders it is granted, and nothing else of ours.

Children read strangers' files, and will run users' code. `jobs_isolation` says how they are kept
from `state/`, from other folders of the lake, and from other processes:

- `none`: by nothing; a child is the server's own user.
- `namespace`: in namespaces of their own, with only what they are granted mounted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from lakebed.core.settings import Settings


class IsolationError(Exception):
    """The machine cannot isolate as asked; the message says what is missing."""


class Grants(msgspec.Struct, frozen=True):
    """What a child is given: folders it may read, folders it may write, and the network."""

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    network: bool = False


class Isolation(Protocol):
    """A way to start a child."""

    def command(self, arguments: Sequence[str], grants: Grants) -> list[str]:
        """Return the command that runs `arguments` with no more than the grants.

        File descriptors that are passed to it come through.
        """
        ...


def open_isolation(settings: Settings) -> Isolation:
    """Return the isolation that the settings ask for; IsolationError if the machine has it not."""
    if settings.jobs_isolation == "namespace":
        from lakebed.engines.isolation.namespace import Namespaces

        return Namespaces(settings.data_dir)
    return Unisolated()


class Unisolated:
    """Children that see what the server sees."""

    def command(self, arguments: Sequence[str], grants: Grants) -> list[str]:
        """Return the arguments: nothing holds a child to its grants."""
        del grants
        return list(arguments)
