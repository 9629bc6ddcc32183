"""Lowered text where the same answer can be had in two ways."""

from __future__ import annotations

from itertools import pairwise

import duckdb
import pytest

from lakebed.dialect import analyse, lower, parse, statements
from lakebed.engines.sql.duckdb import udf
from tests.dialect.test_cases import NoCatalog

PRODUCTS = (
    "SELECT sum(a * (1 - b) * (1 + b)) FROM (VALUES "
    "(CAST('{}' AS DECIMAL(15, 2)), CAST('0.05' AS DECIMAL(15, 2)))) AS t(a, b)"
)


DEEP = "SELECT to_unixtime({}) FROM (VALUES 0e0) AS t(x)"


def written(text: str, *, hoping: bool) -> str:
    statement = parse.parse(text)
    assert isinstance(statement, statements.Select)
    query = analyse.Analyser(NoCatalog(), "default", text).query(statement.query)
    return lower.Lowering(lower.no_tables, hoping=hoping).query(query)


def rows(text: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        udf.define(connection, text)
        return connection.execute(f"SELECT CAST(c0 AS VARCHAR) FROM ({text})").fetchall()


def test_products_to_be_summed_are_made_in_64_bits():
    text = PRODUCTS.format("1234567890.12")
    hopeful, sure = (written(text, hoping=one) for one in (True, False))
    assert "DECIMAL(31" not in hopeful
    assert "DECIMAL(31" in sure
    assert rows(hopeful) == rows(sure) == [("1231481470.394700",)]


def test_products_too_long_for_64_bits_fail_so_that_they_can_be_made_again():
    with pytest.raises((duckdb.OutOfRangeException, duckdb.ConversionException)):
        rows(written(PRODUCTS.format("9999999999999.99"), hoping=True))


def test_times_with_zones_are_written_once_however_deep_they_are():
    deep = "from_unixtime(x, 'Europe/Berlin')"
    lengths: list[int] = []
    for _ in range(8):
        deep = f"date_add('day', 1, date_trunc('hour', {deep}))"
        lengths.append(len(written(DEEP.format(deep), hoping=False)))
    assert max(later - before for before, later in pairwise(lengths)) < 3000
    assert rows(written(DEEP.format(deep), hoping=False)) == [("691200.0",)]
