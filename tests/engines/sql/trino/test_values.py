"""Trino's JSON values in the text of Athena's results."""

from __future__ import annotations

import pytest

from lakebed.dialect.types import parse_type
from lakebed.engines.sql.trino.values import writer


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("boolean", True, "true"),
        ("double", "1.0E10", "1.0E10"),
        ("double", "NaN", "NaN"),
        ("decimal(5,2)", "1.50", "1.50"),
        ("varbinary", "qwE=", "ab 01"),
        ("timestamp(0)", "2020-01-01 12:34:56", "2020-01-01 12:34:56.000"),
        ("timestamp(1) with time zone", "2020-01-01 12:34:56.1 Europe/Berlin",
         "2020-01-01 12:34:56.100 Europe/Berlin"),
        ("timestamp(6)", "2020-01-01 12:34:56.123456", "2020-01-01 12:34:56.123456"),
        ("array(integer)", ["1", None], "[1, null]"),
        ("map(varchar,boolean)", {"a": False, "b": None}, "{a=false, b=null}"),
        ("row(x integer,y array(varchar))", ["1", ["q"]], "{x=1, y=[q]}"),
    ],
)  # fmt: skip
def test_a_value_is_written_as_athena_does(kind, value, text):
    assert writer(parse_type(kind))(value) == text
