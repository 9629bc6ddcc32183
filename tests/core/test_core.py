"""The small things everything leans on."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from lakebed.core.clock import SimulatedClock, SystemClock
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.ids import Ids


def test_ids_have_their_forms_and_seeds():
    ids = Ids(seed=1)
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", ids.uuid()
    )
    assert re.fullmatch(r"[0-9A-F]{16}", ids.request_id())
    assert re.fullmatch(r"[0-9a-f]{24}", ids.token(96))
    assert Ids(seed=1).uuid() == Ids(seed=1).uuid() != Ids().uuid()


def test_a_simulated_clock_moves_when_told_to():
    clock = SimulatedClock(100.0)
    clock.advance(5)
    assert clock.now() == 105.0
    assert SystemClock().now() > 1_700_000_000


@pytest.mark.parametrize(
    ("service", "code", "status"), [("s3", "NotImplemented", 501), ("glue", "LakebedNotBuilt", 400)]
)
def test_what_is_not_built_names_itself(service, code, status):
    error = NotBuiltError(service, "DoThings", "Member")
    assert (error.code, error.status) == (code, status)
    assert f"{service}.DoThings (Member)" in error.message
    assert isinstance(error, AwsError)


def test_the_start_imports_nothing_heavy():
    code = (
        "import sys, lakebed.cli.main, lakebed.cli.server, lakebed.engines.objects.folder,"
        " lakebed.engines.sql.duckdb\n"
        "heavy = {'botocore', 'boto3', 'duckdb', 'sqlglot', 'pyarrow', 'pandas', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
