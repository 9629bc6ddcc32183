"""The Containerfile, read: what it copies is there, what it runs is ours."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from lakebed.cli.main import _parser
from tests.cli.commands import lakebed as command

ROOT = Path(__file__).resolve().parent.parent
LINES = (ROOT / "Containerfile").read_text("utf-8").replace("\\\n", " ").splitlines()


def said(keyword):
    """Return the arguments of an instruction, each time it is there."""
    return [line.removeprefix(f"{keyword} ") for line in LINES if line.startswith(f"{keyword} ")]


def test_what_it_copies_is_there():
    sources = [
        source
        for line in said("COPY")
        for source in [one for one in shlex.split(line) if not one.startswith("--")][:-1]
    ]
    assert len(sources) == 5
    assert [one for one in sources if not (ROOT / one).exists()] == []


def test_what_it_runs_is_a_target_that_makes_the_command():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (target,) = (line.removeprefix("make ") for line in said("RUN") if line.startswith("make "))
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    (program,) = json.loads(said("ENTRYPOINT")[0])
    assert program == f"{said('WORKDIR')[0]}/.venv/bin/lakebed"
    assert "VENV := .venv\n" in makefile


def test_it_needs_no_more_of_the_checkout_than_it_copies(tmp_path):
    for line in said("COPY"):
        *sources, target = [one for one in shlex.split(line) if not one.startswith("--")]
        for source in sources:
            into = tmp_path / target if target != "./" else tmp_path / source
            into.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, into)
    site = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (tmp_path / "venv" / "bin").mkdir()
    linked = [sys.executable, "tools/link.py", "venv"]
    subprocess.run(linked, cwd=tmp_path, check=True, timeout=60)
    assert (site / "lakebed-checkout.pth").read_text().strip() == str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from lakebed.cli.main import main; sys.exit(main())",
         "version"],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip()


def test_it_serves_its_volume_as_a_user_of_its_own():
    assert said("USER") == ["lakebed"]
    order = [line.split()[0] for line in LINES if line and not line.startswith(("#", " "))]
    assert order.index("USER") < order.index("ENTRYPOINT")
    options = _parser().parse_args(json.loads(said("CMD")[0]))
    assert [options.data_dir] == said("VOLUME")
    assert (options.host, said("EXPOSE"), said("STOPSIGNAL")) == ("0.0.0.0", ["4566"], ["SIGTERM"])


def test_it_is_refused_while_everybody_knows_the_keys(tmp_path):
    arguments = json.loads(said("CMD")[0])
    arguments = arguments[1 : arguments.index("--data-dir")]
    refused = command("serve", tmp_path / "data", *arguments)
    assert refused.returncode != 0
    assert "lakebed init" in refused.stderr


def commands_of(page):
    """Yield the arguments of each `lakebed` command that a page shows, in containers, too."""
    text = (ROOT / page).read_text("utf-8").replace("\\\n", " ")
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for part in re.split(r"&&|\n", block):
            words = shlex.split(part.partition("#")[0].partition(">")[0])
            is_run = words[:2] == ["podman", "run"]
            at = [index for index, word in enumerate(words) if Path(word).name == "lakebed"]
            starts = [index for index in at if index == 0 or is_run or "/" in words[index]]
            if starts and words[0] not in ("sudo", "git"):
                yield words[starts[-1] + 1 :]


def test_the_commands_of_the_page_are_commands():
    found = list(commands_of("docs/server.md"))
    assert len(found) > 12
    for words in found:
        _parser().parse_args(words)
