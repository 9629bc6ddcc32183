"""The house's rules hold in every file, and the rules themselves find what they are for."""

from __future__ import annotations

import subprocess

import pytest

from tools.tidy import problems


@pytest.mark.slow
def test_every_file_keeps_the_rules():
    assert problems() == []


def test_the_rules_find_what_breaks_them(tmp_path):
    noun = tmp_path / "lakebed" / "services" / "s3" / "buckets.py"
    noun.parent.mkdir(parents=True)
    noun.write_text('import botocore\n\n\ndef list_buckets(context):\n    """Lists."""\n')
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert problems(tmp_path) == [
        "lakebed/services/s3/buckets.py:1 botocore may not be imported here",
        "lakebed/services/s3/buckets.py:4 list_buckets must take (ctx, request)",
        "lakebed/services/s3/buckets.py:4 list_buckets must link its AWS page",
        "lakebed/services/s3/buckets.py:1 has no tests/services/s3/test_buckets.py",
    ]
