"""`lakebed engine add NAME`: fetch an engine that the default install does not carry.

Trino's files go below the data folder; environments of jobs into a folder that data folders share
(`engines/jobs/install.py`).
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from lakebed.cli.settings import Resolved
from lakebed.engines.jobs.environments import Environment, kinds
from lakebed.engines.jobs.install import InstallError, install

_CHUNK_BYTES = 1 << 20


class Engine(msgspec.Struct, frozen=True):
    """An engine: its Maven artefact, the digest of its archive, what of it is kept."""

    artifact: str
    version: str
    sha256: str
    kept: tuple[str, ...]


ENGINES = {
    "trino": Engine(
        "io.trino:trino-server",
        "476",
        "cfd5accde17e8ebd251eeeb78aed1f490e77bb3a164d95a0f454bf8a7c1cbd3f",
        ("lib", "plugin/hive", "plugin/iceberg", "NOTICE", "README.txt"),
    )
}


class EngineError(Exception):
    """The engine cannot be had; the message says what to do."""


def engine(options: argparse.Namespace, resolved: Resolved) -> int:
    """Run the command; return its exit status."""
    folder = resolved.settings.state_dir / "engines"
    if options.action == "list":
        _list(folder, resolved.settings.engines_folder)
        return 0
    try:
        if options.name in kinds():
            wheels = Path(options.wheels).resolve() if options.wheels else None
            extras = [one for given in options.extras or () for one in given.split(",")]
            root = resolved.settings.engines_folder
            install(kinds()[options.name], root, extras, _say, wheels)
        else:
            add(options.name, folder, Path(options.source) if options.source else None, _say)
    except (EngineError, InstallError) as error:
        print(f"lakebed engine: {error}", file=sys.stderr)
        return 1
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _list(folder: Path, root: Path) -> None:
    """Say which engines there are, and where those are that were added."""
    for name, one in ENGINES.items():
        place = folder / f"{name}-{one.version}"
        print(f"{name:14} {place if place.is_dir() else 'not added'}")
    for name, kind in kinds().items():
        environment = Environment(name, root / name)
        if not environment.is_complete:
            print(f"{name:14} not added ({kind.about})")
            continue
        extras = [extra for extra in kind.jars if environment.has(extra)]
        print(f"{name:14} {environment.folder}" + (f" with {', '.join(extras)}" if extras else ""))


def add(name: str, folder: Path, source: Path | None, say: Callable[[str], None]) -> Path:
    """Put an engine's files under `folder`; they are there whole, or not at all."""
    one = ENGINES.get(name)
    if one is None:
        there = ", ".join([*ENGINES, *kinds()])
        raise EngineError(f"there is no engine {name!r}; there are {there}")
    place = folder / f"{name}-{one.version}"
    if place.is_dir():
        say(f"{name} {one.version} is there already: {place}")
        return place
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        archive = source or _fetched(one, Path(scratch), say)
        say(f"checking {archive.name}")
        if _digest(archive) != one.sha256:
            raise EngineError(f"{archive} is not {one.artifact}:{one.version}: its SHA-256 differs")
        say("unpacking")
        _unpack(archive, one, Path(scratch) / "unpacked").rename(place)
    size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    say(f"{name} {one.version}: {size >> 20} MiB in {place}")
    return place


def _fetched(one: Engine, scratch: Path, say: Callable[[str], None]) -> Path:
    """Let Maven fetch the archive, from wherever this machine's Maven is set up to."""
    maven = shutil.which("mvn")
    if maven is None:
        raise EngineError(f"Maven fetches it: install `mvn`, or give the archive of {one.artifact}:"
                          f"{one.version} with --from FILE")  # fmt: skip
    coordinates = f"{one.artifact}:{one.version}:tar.gz"
    say(f"fetching {coordinates} (about 800 MiB)")
    for goal in (f"get -Dtransitive=false -Dartifact={coordinates}",
                 f"copy -Dartifact={coordinates} -DoutputDirectory={scratch}"):  # fmt: skip
        done = subprocess.run(
            [maven, "-q", "-B", *f"dependency:{goal}".split()], capture_output=True, text=True
        )
        if done.returncode:
            raise EngineError(f"Maven failed: {(done.stdout + done.stderr)[-2000:]}")
    return next(scratch.glob("*.tar.gz"))


def _digest(archive: Path) -> str:
    digest = hashlib.sha256()
    with archive.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _unpack(archive: Path, one: Engine, target: Path) -> Path:
    """Unpack what is kept; return the archive's own top folder."""
    with tarfile.open(archive) as tar:
        for member in tar:
            _, _, inner = member.name.partition("/")
            if any(inner == kept or inner.startswith(f"{kept}/") for kept in one.kept):
                tar.extract(member, target, filter="data")
    return next(target.iterdir())
