"""Makes the environments that jobs run in: packages by pip with their hashes, jars by Maven.

An environment is made beside its place and moved there whole; what is added to it later is written
file by file, each complete.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lakebed.engines.jobs.environments import (
    BY_DEFAULT,
    COMPLETE,
    REQUIREMENTS,
    Environment,
    Jar,
    Kind,
)

CENTRAL = "https://repo1.maven.org/maven2"
_FETCH_SECONDS_MAX = 600.0
_CHUNK_BYTES = 1 << 20
Say = Callable[[str], None]


class InstallError(Exception):
    """The environment cannot be made; the message says what to do."""


def install(
    kind: Kind, root: Path, extras: Sequence[str], say: Say, wheels: Path | None = None
) -> Environment:
    """Make an environment, or add to one that is there. Takes minutes the first time."""
    for extra in extras:
        if extra not in kind.jars:
            there = ", ".join(kind.jars) or "none"
            raise InstallError(f"{kind.name} has no extra {extra!r}; there are: {there}")
    environment = Environment(kind.name, root / kind.name)
    wanted = list(extras)
    if environment.is_complete:
        say(f"{kind.name} is there already: {environment.folder}")
    else:
        _make(kind, environment, say, wheels)
        wanted += [extra for extra in BY_DEFAULT if extra in kind.jars and extra not in extras]
    for extra in wanted:
        try:
            _add_jars(kind.jars[extra], environment.folder / "jars" / extra, say, wheels)
        except InstallError as error:
            if extra in extras:
                raise
            say(f"  without {extra}: {error}; later: lakebed engine add {kind.name} --with {extra}")
    size = sum(file.lstat().st_size for file in environment.folder.rglob("*") if file.is_file())
    say(f"{kind.name}: {size >> 20} MiB in {environment.folder}")
    return environment


def _make(kind: Kind, environment: Environment, say: Say, wheels: Path | None) -> None:
    python = _python(kind)
    environment.folder.parent.mkdir(parents=True, exist_ok=True)
    # Virtual environments cannot be moved: the place is taken at once, and is complete at the end.
    shutil.rmtree(environment.folder, ignore_errors=True)
    say(f"making {environment.folder} with {python}")
    _run([python, "-m", "venv", str(environment.folder)], say)
    requirements = REQUIREMENTS / f"{kind.name}.txt"
    command = [str(environment.python), "-m", "pip", "install", "--require-hashes",
               "--disable-pip-version-check", "--no-input", "-r", str(requirements)]  # fmt: skip
    if wheels is not None:
        command += ["--no-index", "--find-links", str(wheels)]
    _run(command, say)
    (environment.folder / COMPLETE).touch()


def _python(kind: Kind) -> str:
    """Return an interpreter the environment runs on: ours, if it does."""
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if ours in kind.pythons:
        return getattr(sys, "_base_executable", sys.executable)
    for version in kind.pythons:
        found = shutil.which(f"python{version}")
        if found is not None:
            return found
    raise InstallError(
        f"{kind.about} run on Python {', '.join(kind.pythons)}; this is {ours}: install one of them"
    )


def _run(command: Sequence[str], say: Say) -> None:
    """Run a command, saying what it says; InstallError if it fails."""
    last = ""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = line.strip() or last
            if re.match(r"Collecting|Downloading|Installing|Successfully|ERROR", line.strip()):
                say(f"  {line.strip()[:150]}")
    if process.returncode:
        raise InstallError(f"{' '.join(command[:4])} … failed: {last}")


def _add_jars(jars: Sequence[Jar], folder: Path, say: Say, wheels: Path | None) -> None:
    """Fetch the jars of an extra that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for jar in jars:
        if not (folder / jar.file_name).is_file():
            say(f"  fetching {jar.coordinates}")
            _fetch(jar, folder, wheels)


def _fetch(jar: Jar, folder: Path, wheels: Path | None) -> None:
    """Put a jar into a folder, whole and with the right digest, or not at all."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for source in _sources(jar, Path(scratch), wheels):
            if not source.is_file():
                continue
            if _digest(source) != jar.sha256:
                raise InstallError(f"{jar.coordinates} is not what it was: its SHA-256 differs")
            copied = Path(scratch) / "whole"
            shutil.copyfile(source, copied)
            copied.rename(folder / jar.file_name)
            return
    raise InstallError(f"{jar.coordinates} could not be fetched: neither by `mvn` nor from Central")


def _sources(jar: Jar, scratch: Path, wheels: Path | None) -> Iterator[Path]:
    """Yield where a jar may be: the folder of wheels, else Maven's, else its repository's."""
    if wheels is not None:
        yield wheels / jar.file_name
        return
    maven = shutil.which("mvn")
    if maven is not None:
        goal = f"dependency:copy -Dartifact={jar.coordinates} -DoutputDirectory={scratch}"
        command = [maven, "-q", "-B", *goal.split()]
        subprocess.run(command, capture_output=True, timeout=_FETCH_SECONDS_MAX, check=False)
        yield scratch / jar.file_name
    group, artifact, version = jar.coordinates.split(":")
    url = f"{CENTRAL}/{group.replace('.', '/')}/{artifact}/{version}/{jar.file_name}"
    fetched = scratch / "fetched"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer, fetched.open("wb") as file:
            shutil.copyfileobj(answer, file, _CHUNK_BYTES)
    except (urllib.error.URLError, OSError):
        return
    yield fetched


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
