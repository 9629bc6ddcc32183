"""The pytest fixtures: `lakebed` is an empty server for one test, `lakebed_session` for all."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from lakebed.testing import LakebedServer, server


@pytest.fixture(scope="session")
def lakebed_session() -> Generator[LakebedServer]:
    """One server for the whole session (one for each worker under xdist); tests share its lake."""
    with server() as running:
        yield running


@pytest.fixture
def lakebed(lakebed_session: LakebedServer) -> LakebedServer:
    """The session's server, emptied before the test."""
    lakebed_session.reset()
    return lakebed_session
