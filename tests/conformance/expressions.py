"""Random expressions of Trino's SQL with values of every type, as text, from a seed.

They are well typed for the most part: an operand of a wrong type, a division by zero or a value out
of range comes now and then, and Trino's error is the answer then. No time of day, no chance.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from lakebed.dialect import functions

LITERALS: dict[str, tuple[str, ...]] = {
    "boolean": ("true", "false"),
    "tinyint": ("TINYINT '7'", "TINYINT '-128'", "TINYINT '0'"),
    "smallint": ("SMALLINT '300'", "SMALLINT '-1'", "SMALLINT '32767'"),
    "integer": ("0", "1", "-7", "42", "2147483647", "2"),
    "bigint": ("BIGINT '5'", "9223372036854775807", "BIGINT '-3'", "10000000000"),
    "real": ("REAL '1.5'", "REAL '-0.0'", "REAL '3.4e38'", "CAST(nan() AS real)"),
    "double": ("1e0", "-2.5e0", "0e0", "1e300", "nan()", "infinity()", "12345.678e0"),
    "decimal": ("1.5", "-0.05", "123456789012345678.9", "0.0", "99.99", "DECIMAL '7'"),
    "varchar": ("'abc'", "''", "'Ünï çode'", "'123'", "'a,b,c'", "' pad '", "'2020-02-29'"),
    "char": ("CAST('ab' AS char(4))", "CHAR 'xyz'"),
    "varbinary": ("X'00FF'", "X''", "X'616263'"),
    "date": ("DATE '2020-02-29'", "DATE '1969-12-31'", "DATE '0001-01-01'"),
    "timestamp": (
        "TIMESTAMP '2020-02-29 12:34:56.789'",
        "TIMESTAMP '1969-12-31 23:59:59.999999'",
        "TIMESTAMP '2001-08-22 03:04:05'",
    ),
    "timestamp with time zone": (
        "TIMESTAMP '2020-10-25 01:30:00.123 Europe/Berlin'",
        "TIMESTAMP '2001-08-22 03:04:05 +05:30'",
    ),
    "time": ("TIME '12:34:56.789'", "TIME '00:00:00'", "TIME '23:59:59.999999'"),
    "time with time zone": ("TIME '12:34:56.789+05:30'", "TIME '00:00:00-08:00'"),
    "interval day to second": ("INTERVAL '1' DAY", "INTERVAL '-2 03:04:05.678' DAY TO SECOND"),
    "interval year to month": ("INTERVAL '1-2' YEAR TO MONTH", "INTERVAL '-5' MONTH"),
    "json": ("""JSON '{"a": [1, 2.5, null], "b": "x"}'""", "JSON '[1, \"a\", true]'", "JSON '3'"),
    "uuid": ("UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'",),
    "ipaddress": ("IPADDRESS '10.0.0.1'", "IPADDRESS '2001:db8::1'"),
    "array": ("ARRAY[1, 2, 3]", "ARRAY[3, NULL, 1]", "ARRAY['b', 'a']", "ARRAY[1e0, nan()]",
              "ARRAY[ARRAY[1], ARRAY[2, 3]]", "ARRAY[]"),
    "map": ("MAP(ARRAY['a', 'b'], ARRAY[1, 2])", "MAP(ARRAY[1, 2], ARRAY['x', NULL])", "MAP()"),
    "row": ("ROW(1, 'a')", "CAST(ROW(1, 2.5) AS row(x integer, y double))"),
}  # fmt: skip
NAMES = tuple(LITERALS)
NUMBERS = ("tinyint", "smallint", "integer", "bigint", "real", "double", "decimal")
TARGETS = {name: name for name in NAMES} | {
    "decimal": "decimal(10,2)", "char": "char(5)", "timestamp": "timestamp(6)",
    "timestamp with time zone": "timestamp(3) with time zone", "array": "array(bigint)",
    "time with time zone": "time(3) with time zone", "row": "row(a bigint, b varchar)",
    "map": "map(varchar, double)",
}  # fmt: skip
_NOT_STABLE = frozenset(
    {"rand", "random", "uuid", "shuffle", "now", "version", "fail", "approx_distinct", "typeof",
     "current_date", "current_timezone", "current_groups", "arbitrary", "any_value"}
)  # fmt: skip
"""What says another thing every time; the types are seen without `typeof`."""


@dataclass
class Writer:
    """Writes one expression after the other from one seed."""

    seed: int
    depth: int = 3
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Begin with the seed."""
        self.chance = random.Random(self.seed)
        self.rows = [
            row
            for name, rows in sorted(functions.table().items())
            for row in rows
            if row.kind == "scalar" and name not in _NOT_STABLE and row.template != "!"
        ]

    def statement(self) -> str:
        """Return a SELECT of one expression, over rows now and then."""
        if self.chance.random() < 0.2:
            return self.aggregate()
        return f"SELECT {self.expression(self.kind(), self.depth)}"

    def kind(self) -> str:
        """Return a type."""
        return self.chance.choice(NAMES)

    def literal(self, kind: str) -> str:
        """Return a literal, NULL now and then."""
        if self.chance.random() < 0.06:
            return f"CAST(NULL AS {TARGETS[kind]})"
        return self.chance.choice(LITERALS[kind])

    def expression(self, kind: str, depth: int) -> str:
        """Return an expression that has a type, as far as its parts let it."""
        if depth == 0:
            return self.literal(kind)
        choices = [self.call, self.call, self.call, self.cast, self.conditional, self.literally]
        if kind == "boolean":
            choices += [self.comparison, self.logical]
        if kind in NUMBERS or kind.startswith(("interval", "date", "time")):
            choices += [self.arithmetic]
        return self.chance.choice(choices)(kind, depth - 1)

    def literally(self, kind: str, depth: int) -> str:
        """Return a literal, whatever the depth."""
        del depth
        return self.literal(kind)

    def cast(self, kind: str, depth: int) -> str:
        """Return a conversion from another type."""
        source = self.expression(self.kind(), depth)
        word = self.chance.choice(("CAST", "TRY_CAST", "TRY_CAST"))
        return f"{word}({source} AS {TARGETS[kind]})"

    def conditional(self, kind: str, depth: int) -> str:
        """Return one of the language's own forms."""
        one, other = self.expression(kind, depth), self.expression(kind, depth)
        when = self.expression("boolean", depth)
        forms = (
            f"CASE WHEN {when} THEN {one} ELSE {other} END",
            f"coalesce({one}, {other})", f"nullif({one}, {other})",
            f"if({when}, {one}, {other})", f"TRY({one})",
        )  # fmt: skip
        return self.chance.choice(forms)

    def comparison(self, kind: str, depth: int) -> str:
        """Return a comparison, IN or BETWEEN."""
        del kind
        of = self.kind()
        one, other, third = (self.expression(of, depth) for _ in range(3))
        sign = self.chance.choice(("=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM"))
        forms = (
            f"({one}) {sign} ({other})", f"({one}) IN ({other}, {third})",
            f"({one}) BETWEEN ({other}) AND ({third})", f"({one}) IS NULL",
        )  # fmt: skip
        return self.chance.choice(forms)

    def logical(self, kind: str, depth: int) -> str:
        """Return AND, OR or NOT."""
        one, other = self.expression(kind, depth), self.expression(kind, depth)
        return self.chance.choice((f"({one}) AND ({other})", f"({one}) OR ({other})",
                                   f"NOT ({one})"))  # fmt: skip

    def arithmetic(self, kind: str, depth: int) -> str:
        """Return a sum, a product and their like."""
        other = kind if kind in NUMBERS else self.chance.choice(NAMES)
        if kind in NUMBERS and self.chance.random() < 0.3:
            other = self.chance.choice(NUMBERS)
        sign = self.chance.choice("+-*/%" if kind in NUMBERS else "+-")
        return f"({self.expression(kind, depth)}) {sign} ({self.expression(other, depth)})"

    def call(self, kind: str, depth: int) -> str:
        """Return a call of a function that returns the type, of any if there is none."""
        fitting = [row for row in self.rows if row.returns.partition("(")[0] == kind]
        row = self.chance.choice(fitting or self.rows)
        return f"{row.name}({', '.join(self.argument(one, depth) for one in row.arguments)})"

    def argument(self, declared: str, depth: int) -> str:
        """Return an argument for a parameter as the table of functions declares it."""
        base = declared.removesuffix("...").partition("(")[0].lower()
        if base == "function":
            return self.lambda_(declared, depth)
        if base in ("joniregexp", "jsonpath"):
            return self.chance.choice(("'[a-c]'", "'(\\d+)'")) if base[1] == "o" else "'$.a'"
        if "time zone" in declared:
            base = f"{base} with time zone"
        return self.expression(base if base in LITERALS else self.kind(), depth)

    def lambda_(self, declared: str, depth: int) -> str:
        """Return a lambda of so many parameters."""
        names = ("x", "y", "z")[: declared.count(",")]
        body = self.chance.choice((*names, f"{names[0]} IS NULL", self.expression("boolean", depth),
                                   f"{names[0]} = {names[-1]}"))  # fmt: skip
        return f"({', '.join(names)}) -> {body}"

    def aggregate(self) -> str:
        """Return an aggregate over a few rows of a type."""
        names = sorted(
            name
            for name, rows in functions.table().items()
            if rows[0].kind == "aggregate" and name not in _NOT_STABLE
            and any(len(row.arguments) == 1 and row.template != "!" for row in rows)
        )  # fmt: skip
        name, of = self.chance.choice(names), self.kind()
        rows = ", ".join(f"({self.literal(of)}, {at})" for at in range(self.chance.randint(1, 4)))
        return f"SELECT {name}(v ORDER BY k) FROM (VALUES {rows}) t(v, k)"


def statements(seed: int, count: int) -> list[str]:
    """Return so many statements, each once."""
    found: dict[str, None] = {}
    writer = Writer(seed)
    while len(found) < count:
        found[writer.statement()] = None
    return list(found)
