"""Every lab of docs/learn runs, line for line, and prints what its page says it prints."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import boto3
import pytest

from tests.services.glue.job_runs import spark_environment
from tools import learn_map

LEARN = Path(__file__).resolve().parent.parent / "docs" / "learn"
LABS = sorted(path for path in LEARN.glob("*.md") if path.name != "README.md")
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)


SLOW = ("athena", "glue-jobs", "iceberg", "pictures")


@pytest.mark.parametrize(
    "lab",
    [
        pytest.param(one, id=one.stem, marks=pytest.mark.slow if one.stem in SLOW else ())
        for one in LABS
    ],
)
def test_a_lab_prints_what_its_page_says(lakebed, monkeypatch, lab):
    if lab.stem == "glue-jobs":
        spark_environment()
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", lakebed.session())
    blocks = BLOCK.findall(lab.read_text(encoding="utf-8"))
    names: dict[str, object] = {}
    for at, (kind, code) in enumerate(blocks):
        if kind == "text":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"{lab.name}, block {at}", "exec"), names)
        follows = blocks[at + 1] if at + 1 < len(blocks) else ("", "")
        assert printed.getvalue() == (follows[1] if follows[0] == "text" else "")


@pytest.mark.parametrize("lab", LABS, ids=lambda path: path.stem)
def test_a_lab_is_done_looked_at_broken_and_cleaned_up(lab):
    text = lab.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Do", "Look", "Break it", "Clean up"]


def test_the_map_shows_every_lab_and_every_lab_is_on_the_map():
    page = learn_map.learn_map()
    assert (LEARN / "README.md").read_text(encoding="utf-8") == page
    linked = re.findall(r"\]\(([a-z0-9-]+\.md)\)", page)
    assert sorted(linked) == [path.name for path in LABS]
    assert "| Objects | S3: keys and bytes, versions, conditions | real | [S3: a drawer" in page
    assert "| Permissions of a lake | Lake Formation: columns, rows, tags | absent |  |" in page
