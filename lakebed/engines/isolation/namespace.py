"""Children in namespaces of their own, by bubblewrap (Debian: bubblewrap; 0.8 and later).

The child has the system's and Python's folders to read, a `/tmp` of its own, no network, no process
but its own, no capability, and of the data folder what it is granted.
https://github.com/containers/bubblewrap
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from lakebed.engines.isolation import Grants, IsolationError

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_FILES = (
    "/etc/alternatives", "/etc/hosts", "/etc/ld.so.cache", "/etc/localtime",
    "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/ssl", "/etc/ca-certificates",
)  # fmt: skip
_PACKAGE = Path(__file__).resolve().parents[2]
_TRIAL_SECONDS_MAX = 10.0


class Namespaces:
    """Starts children with bubblewrap."""

    def __init__(self, data_dir: Path) -> None:
        found = shutil.which("bwrap")
        if found is None:
            raise IsolationError(
                "jobs_isolation = namespace needs bubblewrap, and there is no `bwrap` "
                "(Debian: apt-get install bubblewrap)"
            )
        self._bwrap = found
        self._hidden = data_dir.resolve()
        self._try()

    def command(self, arguments: Sequence[str], grants: Grants) -> list[str]:
        """Return bubblewrap's command for a child with no more than the grants."""
        return [
            self._bwrap,
            "--unshare-all",
            *(["--share-net"] if grants.network else []),
            "--die-with-parent",
            "--cap-drop", "ALL",
            *_system(),
            "--proc", "/proc",
            "--dev", "/dev",
            "--tmpfs", "/tmp",
            # Python's folders may lie beside the data folder, or around it.
            *_python(),
            "--tmpfs", str(self._hidden),
            *_bound("--ro-bind", grants.reads),
            *_bound("--bind", grants.writes),
            "--remount-ro", str(self._hidden),
            "--chdir", "/tmp",
            "--",
            *arguments,
        ]  # fmt: skip

    def _try(self) -> None:
        """Start a child once: a kernel may forbid what the server's user asks."""
        trial = self.command([sys.executable, "-c", "pass"], Grants())
        done = subprocess.run(trial, capture_output=True, timeout=_TRIAL_SECONDS_MAX, check=False)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise IsolationError(
                f"jobs_isolation = namespace does not work here: {said} (the kernel must let users "
                "make namespaces: sysctl kernel.unprivileged_userns_clone=1)"
            )


def _system() -> Iterator[str]:
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        elif path.is_dir():
            yield from ("--ro-bind", name, name)
    for name in _FILES:
        yield from ("--ro-bind-try", name, name)


def _python() -> Iterator[str]:
    """Yield the mounts of the interpreter, what is installed, and lakebed itself."""
    wanted = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.prefix).resolve(), _PACKAGE}
    system = [Path(name) for name in _SYSTEM]
    needed = [one for one in wanted if not any(one.is_relative_to(top) for top in system)]
    yield from _bound("--ro-bind", sorted(needed))


def _bound(how: str, folders: Sequence[Path]) -> Iterator[str]:
    for folder in folders:
        yield from (how, str(folder), str(folder))
