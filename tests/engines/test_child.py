"""Work in a child process: what it answers, and what else it may say."""

from __future__ import annotations

import asyncio

import pytest

from lakebed.engines import child

BOUNDS = child.Bounds(seconds=20, memory_bytes=2**30)
MODULE = """
import os
import sys

def answer(request):
    print("a bar", flush=True)
    os.write(1, b"of progress")
    if request == b"break":
        raise ValueError("broken")
    return request[::-1]
"""


@pytest.fixture
def talkative(monkeypatch, tmp_path):
    """Return the name of a module that prints before it answers."""
    (tmp_path / "talkative.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(child, "_MODULES", "")
    return "talkative"


def test_what_a_library_prints_is_no_part_of_the_answer(talkative):
    assert asyncio.run(child.ask(talkative, b"abc", BOUNDS)) == b"cba"


def test_a_child_that_breaks_says_why(talkative):
    with pytest.raises(child.ChildError, match="^ValueError: broken$"):
        asyncio.run(child.ask(talkative, b"break", BOUNDS))
