"""The lake every test of an object engine gets."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.engines.objects.lake import Lake


@pytest.fixture(params=["file", "full"])
def lake(tmp_path: Path, request: pytest.FixtureRequest) -> Generator[Lake]:
    made = Lake(tmp_path, request.param)
    yield made
    made.close()
