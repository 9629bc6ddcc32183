"""A data folder has one owner and one format; older ones are copied, then migrated."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lakebed.store.ownership import FORMAT, FolderInUseError, FormatError, open_format, take


def test_a_folder_in_use_names_its_process(tmp_path):
    code = (
        "import sys, pathlib; from lakebed.store.ownership import take\n"
        "take(pathlib.Path(sys.argv[1])); print('taken', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "state")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"taken\n"
        with pytest.raises(FolderInUseError) as refused:
            take(tmp_path / "state")
        assert refused.value.pid == str(other.pid)
        other.kill()
    os.close(take(tmp_path / "state"))


def test_the_state_folder_is_private(tmp_path):
    os.close(take(tmp_path / "state"))
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_a_new_folder_gets_the_current_format(tmp_path):
    assert open_format(tmp_path) == 0
    assert (tmp_path / "format").read_text() == f"{FORMAT}\n"
    assert open_format(tmp_path) == FORMAT


def test_a_newer_format_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "format").write_text("7\n")
    with pytest.raises(FormatError, match="has format 7, this lakebed knows up to 2"):
        open_format(tmp_path)
    assert (tmp_path / "format").read_text() == "7\n"


def test_an_older_format_is_copied_then_migrated_step_by_step(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    (state / "format").write_text("1\n")
    (state / "data").write_text("one")
    migrations = {
        1: lambda folder: (folder / "data").write_text("two"),
        2: lambda folder: (folder / "data").write_text((folder / "data").read_text() + " three"),
    }
    assert open_format(state, current=3, migrations=migrations) == 1
    assert (state / "data").read_text() == "two three"
    assert (state / "format").read_text() == "3\n"
    assert (tmp_path / "state.format-1" / "data").read_text() == "one"


def test_a_migration_that_stopped_goes_on_where_it_was(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    (state / "format").write_text("1\n")
    steps = []

    def fail(folder):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        open_format(state, current=3, migrations={1: steps.append, 2: fail})
    open_format(state, current=3, migrations={1: fail, 2: steps.append})
    assert steps == [state, state]
