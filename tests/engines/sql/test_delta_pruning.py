"""Files of Delta tables that predicates drop: no row of the answer is lost, whatever they say."""

from __future__ import annotations

import datetime
import math
import operator
import random
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.engines.sql.test_delta import Lake

COMPARED = {"=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le,
            ">": operator.gt, ">=": operator.ge}  # fmt: skip


def moment(day: int, microsecond: int) -> datetime.datetime:
    return datetime.datetime(2024, 1, day, 1, 2, 3, microsecond, datetime.UTC)


DOMAINS = {
    "i": (pa.int16(), [-3, 0, 7, 300], str),
    "f": (pa.float64(), [-1.5, 0.0, 2.25, math.nan], lambda one: f"DOUBLE '{one}'"),
    "s": (pa.string(), ["", "a", "é", "z" * 60], lambda one: f"'{one}'"),
    "d": (pa.decimal128(20, 3), [Decimal("-1.500"), Decimal("0.001"), Decimal("99999999999.125")],
          lambda one: f"DECIMAL '{one}'"),
    "day": (pa.date32(), [datetime.date(1969, 12, 31), datetime.date(2024, 2, 29)],
            lambda one: f"DATE '{one}'"),
    "at": (pa.timestamp("us", "UTC"), [moment(1, 0), moment(1, 1000), moment(2, 999000)],
           lambda one: f"TIMESTAMP '{one:%Y-%m-%d %H:%M:%S.%f} UTC'"),
    "p": (pa.int32(), [1, 2, 3], str),
}  # fmt: skip


@pytest.mark.parametrize(
    "seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)]
)
def test_no_predicate_drops_a_file_with_rows_of_the_answer(lakebed, seed):
    lake, chance = Lake(lakebed), random.Random(seed)
    schema = pa.schema([(name, kind) for name, (kind, *_) in DOMAINS.items()])
    rows: list[dict] = []
    for _ in range(5):
        # Few values a file, so that bounds are narrow.
        few = {name: chance.sample([*given, None], 2) for name, (_, given, _) in DOMAINS.items()}
        part = [{name: chance.choice(given) for name, given in few.items()} for _ in range(4)]
        lake.write("t", pa.Table.from_pylist(part, schema=schema), partition_by="p")
        rows += part
    lake.register("t")
    texts, wanted = [], []
    for name, (_, values, write) in DOMAINS.items():
        for sign, test in COMPARED.items():
            for value in values:
                if value == value:
                    texts.append(f"{name} {sign} {write(value)}")
                    held = [one[name] for one in rows if one[name] is not None]
                    wanted.append(sum(test(one, value) for one in held))
        texts += [f"{name} IS NULL", f"{name} IS NOT NULL AND i > 0"]
        wanted.append(sum(one[name] is None for one in rows))
        wanted.append(sum(one[name] is not None and (one["i"] or 0) > 0 for one in rows))
    expected = dict(chance.sample(list(zip(texts, wanted, strict=True)), 40))
    counted = [f"SELECT {at}, count(*) FROM t WHERE {one}" for at, one in enumerate(expected)]
    answer = lake.rows(" UNION ALL ".join(counted) + " ORDER BY 1")
    found = {list(expected)[int(at)]: int(count) for at, count in answer}
    assert found == expected
