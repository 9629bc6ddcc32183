"""What code in a child sees of the machine, by code that tries to see more."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lakebed.cli.engines import StartError, open_engines
from lakebed.core.settings import Settings
from lakebed.engines.isolation import Grants, open_isolation
from lakebed.testing import server
from tests.services.glue.crawler_runs import crawled, make_crawler, put_orders


def works() -> bool:
    """Tell whether bubblewrap is there, and the kernel lets it make namespaces."""
    trial = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    return shutil.which("bwrap") is not None and subprocess.run(trial, check=False).returncode == 0


needs_bubblewrap = pytest.mark.skipif(
    not works(),
    reason="needs bubblewrap (apt-get install bubblewrap) and a kernel that allows namespaces",
)


@pytest.fixture
def data(tmp_path):
    """A data folder with two buckets, and what is nobody's business."""
    for name in ("lake/open/a", "lake/closed/a", "state/root-keys", "state/tmp/a"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("content")
    return tmp_path / "data"


def run(data, code: str, grants: Grants, isolation: str = "namespace") -> str:
    """Run code in a child and return the last line it wrote, of an error or its own."""
    settings = Settings(data_dir=data, jobs_isolation=isolation)
    command = open_isolation(settings).command(
        [sys.executable, "-c", textwrap.dedent(code)], grants
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[-1]


@needs_bubblewrap
def test_what_is_granted_is_there(data):
    grants = Grants(reads=(data / "lake/open",), writes=(data / "state/tmp",))
    code = f"print(open('{data}/lake/open/a').read() + open('{data}/state/tmp/a').read())"
    assert run(data, code, grants) == "contentcontent"
    assert run(data, f"open('{data}/state/tmp/b', 'w').write('x'); print('done')", grants) == "done"
    assert (data / "state/tmp/b").read_text() == "x"


@needs_bubblewrap
@pytest.mark.parametrize(
    "code",
    [
        "open('{data}/state/root-keys')",
        "open('{data}/lake/closed/a')",
        "open('{data}/lake/open/../closed/a')",
        "import os, tempfile as t; s = t.mkdtemp() + '/s'; "
        "os.symlink('{data}/lake/closed/a', s); open(s)",
        "open('/proc/{server}/environ')",
        "open('/etc/shadow')",
        "open('/etc/passwd')",
    ],
)
def test_what_is_not_granted_is_not_there(data, code):
    grants = Grants(reads=(data / "lake/open",))
    tried = code.format(data=data, server=os.getpid()) + "; print('opened')"
    assert run(data, tried, grants).startswith("FileNotFoundError: ")
    assert run(data, tried, grants, "none") == "opened", "what is tried would work"


@needs_bubblewrap
@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("open('{data}/lake/open/a', 'w')", "OSError: [Errno 30] Read-only file system"),
        ("open('{data}/state/new', 'w')", "FileNotFoundError"),
        ("open('{data}/new', 'w')", "OSError: [Errno 30] Read-only file system"),
        ("import os; os.kill({server}, 0)", "ProcessLookupError"),
        ("import socket; socket.create_connection(('127.0.0.1', {port}), 2)", "ConnectionRefused"),
        ("import socket; socket.create_connection(('192.0.2.1', 80), 2)", "OSError: [Errno 101]"),
        ("import os; os.setuid(0); os.chroot('/tmp')", "PermissionError"),
        ("import ctypes; m = ctypes.CDLL(None, use_errno=True); "
         "m.mount(b'none', b'/tmp', b'tmpfs', 0, None); "
         "raise OSError(ctypes.get_errno(), 'mount')", "PermissionError"),
    ],
)  # fmt: skip
def test_nothing_is_changed_and_nobody_is_reached(data, code, error):
    with server() as running:
        port = running.url.rpartition(":")[2]
        text = code.format(data=data, server=os.getpid(), port=port)
        assert run(data, text, Grants(reads=(data / "lake/open",))).startswith(error)


@needs_bubblewrap
def test_the_network_is_there_if_it_is_granted(data):
    with server() as running:
        code = (
            f"import urllib.request as u; print(u.urlopen('{running.url}/_lakebed/health').status)"
        )
        assert run(data, code, Grants(network=True)) == "200"


def children(process: int) -> list[str]:
    """Return the programs that a process has started and that still run."""
    numbers = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")[0].decode() for one in numbers]


@needs_bubblewrap
def test_files_are_looked_into_in_namespaces(monkeypatch):
    monkeypatch.setenv("LAKEBED_JOBS_ISOLATION", "namespace")
    with server() as running:
        put_orders(running)
        glue = running.client("glue")
        make_crawler(glue)
        assert crawled(glue)["Status"] == "SUCCEEDED"
        assert any(one.endswith("/bwrap") for one in children(running.process.pid))
        columns = glue.get_table(DatabaseName="shop", Name="orders")["Table"]["StorageDescriptor"]
        assert [one["Name"] for one in columns["Columns"]] != []


def test_a_machine_without_bubblewrap_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartError, match="needs bubblewrap"):
        open_engines(Settings(data_dir=tmp_path, jobs_isolation="namespace"))
