"""One server of each product for all tests of this folder."""

from __future__ import annotations

import pytest

from tests import databases


@pytest.fixture(scope="session")
def postgres():
    with databases.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def maria():
    with databases.maria() as server:
        yield server
