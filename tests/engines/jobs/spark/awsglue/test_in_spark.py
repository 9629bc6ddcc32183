"""The tests that need Spark: they stand in `inside/` and run there, all in one session."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.jobs.spark import inside

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent


@pytest.mark.parametrize("name", inside.names(HERE / "inside"))
def test_inside_of_spark(outcomes, name):
    inside.check(outcomes, name)
    assert outcomes[name].word == "passed"
