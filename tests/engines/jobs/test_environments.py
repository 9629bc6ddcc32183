"""Environments of jobs: which there are, how they are made, what is refused; nothing is fetched."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import pytest

from lakebed.engines.jobs import EngineMissingError
from lakebed.engines.jobs import install as installing
from lakebed.engines.jobs.environments import REQUIREMENTS, Environment, Jar, Kind, find, kinds
from lakebed.engines.jobs.install import InstallError, install

_OURS = f"{sys.version_info[0]}.{sys.version_info[1]}"
BYTES = b"a jar"


@pytest.fixture
def kind(monkeypatch, tmp_path) -> Kind:
    """An environment without packages, with a jar in two extras of which one has another digest."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "tiny.txt").write_text("")
    monkeypatch.setattr(installing, "REQUIREMENTS", tmp_path / "requirements")
    digest = hashlib.sha256(BYTES).hexdigest()
    jars = {
        "good": (Jar("org.example:good:1", digest),),
        "bad": (Jar("org.example:good:1", "0" * 64),),
        "away": (Jar("org.example:away:1", digest),),
    }
    return Kind("tiny", "Tiny jobs", (_OURS,), jars)


@pytest.fixture
def wheels(tmp_path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / "good-1.jar").write_bytes(BYTES)
    return folder


def test_every_environment_has_hashed_requirements_of_no_registry():
    assert sorted(kinds()) == ["python-shell", "spark-3.3", "spark-3.5", "spark-4.1"]
    for name in kinds():
        text = (REQUIREMENTS / f"{name}.txt").read_text()
        pins = re.findall(r"^([\w.-]+)==", text, re.M)
        hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}", text)
        assert len(pins) > 5
        assert len(hashes) >= len(pins)
        assert "index-url" not in text


def test_every_jar_has_coordinates_and_a_digest():
    jars = [jar for kind in kinds().values() for jars in kind.jars.values() for jar in jars]
    assert len(jars) > 10
    for jar in jars:
        assert len(jar.coordinates.split(":")) == 3
        assert re.fullmatch("[0-9a-f]{64}", jar.sha256)


def test_what_is_not_there_is_refused_with_the_command(tmp_path):
    with pytest.raises(EngineMissingError) as raised:
        find("spark-3.5", tmp_path)
    assert str(raised.value) == (
        "Glue 5 jobs: Spark 3.5.4 on Java 17: this engine is not on this machine; "
        "run `lakebed engine add spark-3.5`"
    )


def test_an_environment_is_made_and_jars_are_added_later(kind, wheels, tmp_path):
    said: list[str] = []
    made = install(kind, tmp_path / "root", [], said.append, wheels)
    assert (made.is_complete, made.has("good")) == (True, False)
    again = install(kind, tmp_path / "root", ["good"], said.append, wheels)
    assert again.extra_jars("good") == [str(made.folder / "jars" / "good" / "good-1.jar")]
    assert said[-3] == f"tiny is there already: {made.folder}"
    assert said[-2] == "  fetching org.example:good:1"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("bad", "org.example:good:1 is not what it was: its SHA-256 differs"),
        ("away", "org.example:away:1 could not be fetched"),
        ("none", "tiny has no extra 'none'; there are: good, bad, away"),
    ],
)
def test_a_jar_is_there_whole_or_not_at_all(kind, wheels, tmp_path, extra, message):
    with pytest.raises(InstallError, match=re.escape(message)):
        install(kind, tmp_path / "root", [extra], lambda _: None, wheels)
    assert not Environment("tiny", tmp_path / "root" / "tiny").has(extra)


@pytest.mark.slow
def test_an_environment_that_was_not_finished_is_made_anew(kind, wheels, tmp_path):
    folder = tmp_path / "root" / "tiny"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "leftover").touch()
    made = install(kind, tmp_path / "root", [], lambda _: None, wheels)
    assert made.is_complete
    assert not (folder / "lib" / "leftover").exists()


@pytest.mark.slow
def test_packages_that_cannot_be_had_are_said(kind, wheels, tmp_path):
    text = "no-such-package==1 --hash=sha256:" + "0" * 64
    (tmp_path / "requirements" / "tiny.txt").write_text(text)
    with pytest.raises(InstallError, match="No matching distribution found for no-such-package"):
        install(kind, tmp_path / "root", [], lambda _: None, wheels)
    assert not Environment("tiny", tmp_path / "root" / "tiny").is_complete


def test_a_python_that_fits_is_named_where_there_is_none(kind, tmp_path):
    old = Kind("tiny", "Tiny jobs", ("3.0",))
    with pytest.raises(InstallError) as raised:
        install(old, tmp_path / "root", [], lambda _: None)
    assert str(raised.value) == (
        f"Tiny jobs run on Python 3.0; this is {_OURS}: install one of them"
    )
