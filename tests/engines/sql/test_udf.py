"""Functions in Python: their names, their types, what reaches them."""

from __future__ import annotations

import duckdb
import pytest

from lakebed.dialect import lower
from lakebed.dialect.types import parse_type
from lakebed.engines.sql.duckdb import udf

STRUCT = 'STRUCT("f0" INTEGER, "a,b" MAP(VARCHAR, DECIMAL(9,2))[])'


def test_the_name_of_a_call_says_its_types():
    kinds = [parse_type("row(a integer, b array(varchar))"), parse_type("decimal(9,2)")]
    text = lower.python_call("m.f", kinds, parse_type("bigint"), ["x", "y"])
    assert text == '"py m.f(STRUCT(""f0"" INTEGER, ""f1"" VARCHAR[]), DECIMAL(9,2)) BIGINT"(x, y)'
    assert udf.parse_signature(f"py m.f({STRUCT}, BLOB) BIGINT[]") == udf.Signature(
        "m", "f", (STRUCT, "BLOB"), "BIGINT[]"
    )


@pytest.mark.parametrize("name", ["os.system(VARCHAR) BIGINT", "url._part(VARCHAR) VARCHAR",
                                  "url.quote_plus(VARCHAR) VARCHAR", "..url.encode(VARCHAR) X",
                                  "url.nope(VARCHAR) VARCHAR", "url"])  # fmt: skip
def test_only_declared_functions_can_be_called(name):
    with duckdb.connect() as connection:
        text = f"SELECT {lower.identifier('py ' + name)}('x')"
        udf.define(connection, text)
        with pytest.raises(duckdb.Error, match="does not exist|Catalog Error"):
            connection.execute(text)


def test_a_function_may_be_defined_twice():
    with duckdb.connect() as connection:
        text = "SELECT \"py url.encode(VARCHAR) VARCHAR\"('a b')"
        udf.define(connection, text)
        udf.define(connection, text)
        assert connection.execute(text).fetchall() == [("a+b",)]
