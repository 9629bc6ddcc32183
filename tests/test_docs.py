"""Every example on a page runs: the README's twelve lines, the CI page, the worked example."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def blocks(page, language="python"):
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_lines_of_the_readme(lakebed):
    (code,) = blocks("README.md")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["city", "total", "0", "Bern", "12.75", "1", "Rome", "20.00"]


def test_the_examples_of_the_ci_page(tmp_path):
    in_pytest, without = blocks("docs/ci.md")
    (tmp_path / "test_page.py").write_text(in_pytest)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    done = subprocess.run([sys.executable, "-c", without], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_worked_example_of_contributing(tmp_path):
    function, test = blocks("CONTRIBUTING.md")
    tree = tmp_path / "lakebed"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.split():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    target = tree / "tests" / "services" / "glue" / "test_usage_profiles.py"
    target.write_text(test)
    environment = {**os.environ, "PYTHONPATH": str(tree)}

    def run(*command):
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tree, env=environment, capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    before = run("pytest", "-p", "no:cacheprovider", str(target))
    assert "glue.ListUsageProfiles" in before.stdout
    assert "1 failed" in before.stdout
    (tree / "lakebed" / "services" / "glue" / "usage_profiles.py").write_text(function)
    assert run("tools.generate").returncode == 0
    after = run("pytest", "-p", "no:cacheprovider", str(target))
    assert "1 passed" in after.stdout, after.stdout + after.stderr
    shutil.rmtree(tree / ".git", ignore_errors=True)
    assert run("tools.coverage_table").returncode == 0
    assert (
        "| ListUsageProfiles | real |" in (tree / "docs" / "reference" / "coverage.md").read_text()
    )


def test_the_example_of_what_s3_keeps(lakebed):
    (code,) = blocks("docs/reference/s3-kept-objects.md")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "aws:kms told to nobody\n"


def test_the_example_of_visual_jobs(lakebed):
    (code,) = blocks("docs/reference/visual-jobs.md")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    text = (ROOT / "docs/reference/visual-jobs.md").read_text(encoding="utf-8")
    assert f"prints\n\n```\n{done.stdout.strip()}\n```\n" in text
