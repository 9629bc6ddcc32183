"""Random expressions of Trino's SQL with values of every type, as text, from a seed.

They are well typed but for a few: an operand of a wrong type, a division by zero or a value out of
range comes now and then, and Trino's error is the answer then. No time of day, no chance.
Literals and the arguments that mean something to a function are in `values`, whole SELECTs in
`selects`. Left out: what is in `UNSTABLE`, and the sketches (`SKETCHES`), whose bytes are not
Trino's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cache

from lakebed.dialect import functions, patterns
from lakebed.dialect.functions import Signature
from lakebed.dialect.patterns import Pattern
from lakebed.dialect.types import BOOLEAN, INTEGER, VARCHAR, Type, array, decimal
from tests.conformance import values
from tests.conformance.values import MOMENTS, NUMBERS

UNSTABLE = frozenset(
    {"rand", "random", "uuid", "shuffle", "now", "version", "fail", "current_date", "typeof",
     "current_timezone", "current_groups", "arbitrary", "any_value"}
)  # fmt: skip
"""What says another thing every time; the types are seen without `typeof`."""
SKETCHES = frozenset({"hyperloglog", "p4hyperloglog", "setdigest", "tdigest", "qdigest"})
WRONG_CHANCE = 0.01
_NAMED = Type("row", (), (INTEGER, VARCHAR), ("x", "y"))
Bound = dict[str, Type]


@cache
def scalars() -> dict[str, tuple[Signature, ...]]:
    """Return the scalar functions by name."""
    return called("scalar")


@cache
def called(kind: str) -> dict[str, tuple[Signature, ...]]:
    """Return the functions of a kind that are written, by name."""
    found: dict[str, tuple[Signature, ...]] = {}
    for name, rows in sorted(functions.table().items()):
        kept = tuple(row for row in rows if row.kind == kind and _is_written(row))
        if kept and name not in UNSTABLE:
            found[name] = kept
    return found


def _is_written(row: Signature) -> bool:
    words = " ".join((*row.arguments, row.returns)).lower()
    odd = ("unknown", "geo", "bingtile", "kdb", "classifier", "regressor", "color", *SKETCHES)
    spatial = row.name.startswith(("st_", "bing_", "geometry_", "spatial_", "great_circle"))
    return (
        row.template != functions.NOT_BUILT
        and not spatial
        and not any(word in words for word in odd)
    )


@cache
def _by_result() -> dict[str, tuple[Signature, ...]]:
    """Return the scalar functions by the base name of what they return, `` for any type."""
    found: dict[str, list[Signature]] = {}
    for rows in scalars().values():
        for row in rows:
            found.setdefault(_base(row), []).append(row)
    return {name: tuple(rows) for name, rows in found.items()}


_RULED = {"url_encode": "varchar", "render": "varchar", "iso8601": "varchar", "ceil": "decimal",
          "replace": "varchar", "regexp_replace": "varchar", "concat_char": "char",
          "round": "decimal", "truncate": "decimal", "mod": "decimal"}  # fmt: skip


def _base(row: Signature) -> str:
    text = row.returns
    if text.startswith("="):
        text = row.arguments[int(text[1:])]
    if text in _RULED:
        return _RULED[text]
    found = patterns.pattern(text)
    return "" if found.is_variable else found.name


@dataclass
class Writer:
    """Writes one expression after the other from one seed.

    `names` are what they may name; `tame` leaves out numbers whose squares overflow.
    """

    seed: int
    chance: random.Random = field(init=False)
    names: list[tuple[str, Type]] = field(default_factory=list[tuple[str, Type]])
    tame: bool = False

    def __post_init__(self) -> None:
        """Begin with the seed."""
        self.chance = random.Random(self.seed)

    def rarely(self, chance: float) -> bool:
        """Decide something that is so likely."""
        return self.chance.random() < chance

    # types

    def scalar(self) -> Type:
        """Return a type without parts."""
        return self.numbered(self.chance.choice(values.SCALARS))

    def numbered(self, name: str) -> Type:
        """Return a type by its name, with numbers where it has them."""
        if name == "decimal":
            return decimal(*self.chance.choice(values.DECIMALS))
        if name == "varchar":
            return VARCHAR if self.rarely(0.8) else Type(name, (self.chance.choice((1, 3, 20)),))
        if name == "char":
            return Type(name, (self.chance.choice((1, 4, 10)),))
        if name.startswith("time"):
            return Type(name, (self.chance.choice((0, 3, 3, 3, 6, 9, 12)),))
        return self.nested(name) if name in ("array", "map", "row") else Type(name)

    def nested(self, name: str) -> Type:
        """Return a type with parts."""
        if name == "array":
            return array(self.scalar() if self.rarely(0.85) else self.nested("array"))
        if name == "map":
            key = Type(self.chance.choice(("integer", "bigint", "double", "date", "boolean")))
            return Type("map", (), (VARCHAR if self.rarely(0.5) else key, self.scalar()))
        if self.rarely(0.4):
            return _NAMED
        return Type("row", (), (self.scalar(), self.scalar()), ("", ""))

    def kind(self) -> Type:
        """Return a type."""
        if self.rarely(0.8):
            return self.scalar()
        return self.nested(self.chance.choice(("array", "array", "map", "row")))

    def kind_with(self, trait: str) -> Type:
        """Return a type that is `comparable` or `orderable`; any for an empty trait."""
        while trait and not patterns.has_trait(kind := self.kind(), trait):
            pass
        return kind if trait else self.kind()

    # literals

    def literal(self, kind: Type) -> str:
        """Return a literal, NULL now and then."""
        if self.rarely(values.NULL_CHANCE):
            return f"CAST(NULL AS {kind})"
        if kind.inner:
            return self._nested_literal(kind)
        if kind.name.startswith("time"):
            return self._time(kind)
        return self._plain_literal(kind)

    def _plain_literal(self, kind: Type) -> str:
        if kind.name == "decimal":
            return self._decimal(kind)
        if kind.name == "date":
            return f"DATE '{self.chance.choice(values.DAYS)}'"
        if kind.name == "char" or kind.numbers[:1] not in ((), (VARCHAR.numbers[0],)):
            return f"CAST({self.chance.choice(values.WORDS)} AS {kind})"
        while (text := self.chance.choice(values.LITERALS[kind.name])) in values.EXTREME:
            if not self.tame:
                break
        return text

    def _decimal(self, kind: Type) -> str:
        precision, scale = kind.numbers
        digits = "".join(self.chance.choices("0123456789", k=precision))
        if self.rarely(0.5):
            digits = digits[-self.chance.randint(1, precision) :].rjust(scale, "0")
        whole, fraction = digits[: len(digits) - scale], digits[len(digits) - scale :]
        sign = "-" if self.rarely(0.3) else ""
        return f"DECIMAL '{sign}{whole or '0'}{'.' if scale else ''}{fraction}'"

    def _time(self, kind: Type) -> str:
        clock, fraction = self.chance.choice(values.CLOCKS), self.chance.choice(values.FRACTIONS)
        fraction = fraction[: kind.numbers[0]].ljust(kind.numbers[0], "0")
        text = f"{clock}.{fraction}" if fraction else clock
        if kind.name == "time with time zone":
            return f"TIME '{text}{self.chance.choice(values.OFFSETS)}'"
        if kind.name == "time":
            return f"TIME '{text}'"
        zone = f" {self.chance.choice(values.ZONES)}" if "zone" in kind.name else ""
        return f"TIMESTAMP '{self.chance.choice(values.DAYS[:-3])} {text}{zone}'"

    def _nested_literal(self, kind: Type) -> str:
        if kind.name == "row":
            members = ", ".join(map(self.literal, kind.inner))
            return f"CAST(ROW({members}) AS {kind})" if kind.fields[0] else f"ROW({members})"
        count = self.chance.randint(0, 4)
        if count == 0:
            empty = "MAP()" if kind.name == "map" else "ARRAY[]"
            return f"CAST({empty} AS {kind})"
        if kind.name == "array":
            return f"ARRAY[{', '.join(self.literal(kind.inner[0]) for _ in range(count))}]"
        keys = dict.fromkeys(self._key(kind.inner[0]) for _ in range(count))
        items = ", ".join(self.literal(kind.inner[1]) for _ in keys)
        return f"MAP(ARRAY[{', '.join(keys)}], ARRAY[{items}])"

    def _key(self, kind: Type) -> str:
        while "NULL" in (text := self.literal(kind)):
            pass
        return text

    # expressions

    def expression(self, kind: Type, depth: int) -> str:
        """Return an expression that has a type, but for a few."""
        if self.rarely(WRONG_CHANCE):
            kind = self.kind()
        if depth <= 0 or self.rarely(0.12):
            return self.leaf(kind)
        choices = [self.call, self.call, self.call, self.cast, self.conditional, self.part]
        if kind == BOOLEAN:
            choices += [self.comparison, self.logical, self.like, self.comparison]
        if kind.name in NUMBERS or kind.name in (*MOMENTS, *values.INTERVALS, "time"):
            choices += [self.arithmetic]
        if kind.name in ("varchar", "bigint", "integer", "boolean", "timestamp with time zone"):
            choices += [self.special]
        return self.chance.choice(choices)(kind, depth - 1)

    def leaf(self, kind: Type) -> str:
        """Return a name of the type if there is one, a literal otherwise."""
        fitting = [name for name, one in self.names if one == kind]
        if fitting and self.rarely(0.75):
            return self.chance.choice(fitting)
        return self.literal(kind)

    def cast(self, kind: Type, depth: int) -> str:
        """Return a conversion from another type."""
        word = self.chance.choice(("CAST", "CAST", "TRY_CAST"))
        if kind.name not in values.SOURCES:
            return f"{word}({self.expression(kind, depth)} AS {kind})"
        of = self.numbered(self.chance.choice(values.SOURCES[kind.name]))
        if of.name == "varchar" and kind.name in values.TEXT_OF and self.rarely(0.8):
            return f"{word}({self.chance.choice(values.TEXT_OF[kind.name])} AS {kind})"
        if of.name == "json" and kind.name in values.JSON_OF and self.rarely(0.8):
            return f"{word}(JSON '{self.chance.choice(values.JSON_OF[kind.name])}' AS {kind})"
        if of.name == kind.name == "row":
            of = Type("row", (), tuple(self.scalar() for _ in kind.inner), ("",) * len(kind.inner))
        return f"{word}({self.expression(of, depth)} AS {kind})"

    def conditional(self, kind: Type, depth: int) -> str:
        """Return one of the language's own forms."""
        one, other = self.expression(kind, depth), self.expression(kind, depth)
        when = self.expression(BOOLEAN, depth)
        of = self.scalar()
        forms = (
            f"CASE WHEN {when} THEN {one} ELSE {other} END", f"coalesce({one}, {other})",
            f"nullif({one}, {other})", f"if({when}, {one}, {other})", f"TRY({one})",
            f"CASE {self.leaf(of)} WHEN {self.leaf(of)} THEN {one} ELSE {other} END",
            f"CASE WHEN {when} THEN {one} WHEN {self.leaf(BOOLEAN)} THEN {other} END",
        )  # fmt: skip
        return self.chance.choice(forms)

    def part(self, kind: Type, depth: int) -> str:
        """Return an element of an array, a map or a row."""
        form = self.chance.randrange(4)
        if form == 0:
            at = self.chance.choice(("1", "1", "2", "BIGINT '1'", "3"))
            return f"({self.expression(array(kind), depth)})[{at}]"
        if form == 1:
            key = self.chance.choice((VARCHAR, INTEGER))
            of, text = Type("map", (), (key, kind)), self.leaf(key)
            value = f"MAP(ARRAY[{text}], ARRAY[{self.expression(kind, depth)}])"
            return f"({value if self.rarely(0.7) else self.leaf(of)})[{text}]"
        if form == 2:
            of = Type("row", (), (kind, self.scalar()), ("x", "y"))
            return f"({self.leaf(of)}).x"
        other = self.leaf(self.scalar())
        return f"ROW({other}, {self.expression(kind, depth)})[2]"

    def comparison(self, kind: Type, depth: int) -> str:
        """Return a comparison, IN or BETWEEN."""
        del kind
        of = self.kind_with("orderable" if self.rarely(0.8) else "comparable")
        one, other, third = (self.expression(of, depth) for _ in range(3))
        sign = self.chance.choice(("=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM",
                                   "IS NOT DISTINCT FROM"))  # fmt: skip
        forms = (
            f"({one}) {sign} ({other})", f"({one}) {sign} ({other})",
            f"({one}) IN ({other}, {third})", f"({one}) NOT IN ({other}, {third})",
            f"({one}) BETWEEN ({other}) AND ({third})", f"({one}) IS NULL",
            f"({one}) IS NOT NULL", f"({one}) = ANY (VALUES ({other}), ({third}))",
            f"({one}) <> ALL (VALUES ({other}), ({third}))",
        )  # fmt: skip
        # No query that reads a name: most of those Trino refuses, which is another test's.
        return self.chance.choice(forms[:-2] if self.names else forms)

    def logical(self, kind: Type, depth: int) -> str:
        """Return AND, OR or NOT."""
        one, other = self.expression(kind, depth), self.expression(kind, depth)
        return self.chance.choice((f"({one}) AND ({other})", f"({one}) OR ({other})",
                                   f"NOT ({one})"))  # fmt: skip

    def like(self, kind: Type, depth: int) -> str:
        """Return LIKE, with an escape now and then."""
        del kind
        pattern = self.chance.choice((*values.LIKES, *values.ESCAPED))
        word = self.chance.choice(("LIKE", "LIKE", "NOT LIKE"))
        return f"({self.expression(VARCHAR, depth)}) {word} {pattern}"

    def arithmetic(self, kind: Type, depth: int) -> str:
        """Return a sum, a product and their like."""
        if kind.name in NUMBERS:
            other = kind if self.rarely(0.7) else self.numbered(self.chance.choice(NUMBERS))
            if self.rarely(0.1):
                return f"-({self.expression(kind, depth)})"
            sign = self.chance.choice("+-*/%")
            return f"({self.expression(kind, depth)}) {sign} ({self.expression(other, depth)})"
        sign, span = self.chance.choice("+-"), Type("interval day to second")
        if kind.name in values.INTERVALS:
            if kind == span and self.rarely(0.5):
                of = self.numbered(self.chance.choice((*MOMENTS, "time")))
                return f"({self.expression(of, depth)}) - ({self.leaf(of)})"
            if self.rarely(0.5):
                number = self.leaf(Type(self.chance.choice(("integer", "double"))))
                return f"({self.expression(kind, depth)}) {self.chance.choice('*/')} {number}"
            return f"({self.expression(kind, depth)}) {sign} ({self.leaf(kind)})"
        by = span if kind.name == "time" or self.rarely(0.5) else Type("interval year to month")
        text = self.leaf(by)
        if kind.name == "date" and by == span:
            text = self.chance.choice(("INTERVAL '3' DAY", "INTERVAL '-40' DAY"))
        return f"({self.expression(kind, depth)}) {sign} {text}"

    # forms with words of their own

    def special(self, kind: Type, depth: int) -> str:
        """Return EXTRACT, AT TIME ZONE, format or a function with clauses."""
        if kind.name == "bigint":
            of = self.numbered(self.chance.choice(sorted(values.FIELDS)))
            return f"EXTRACT({self.chance.choice(values.FIELDS[of.name])} FROM {self.leaf(of)})"
        if kind.name == "timestamp with time zone":
            of = kind if self.rarely(0.7) else Type("timestamp", kind.numbers)
            zone = self.chance.choice(values.ZONES)
            return f"({self.expression(of, depth)}) AT TIME ZONE '{zone}'"
        if kind.name == "boolean":
            error = self.chance.choice(("", "", " UNKNOWN ON ERROR", " TRUE ON ERROR"))
            return f"json_exists({self._json()}, {self._path()}{error})"
        if kind.name == "integer":
            returning = f"RETURNING {kind}" + self.chance.choice(("", " DEFAULT -1 ON EMPTY"))
            return f"json_value({self._json()}, {self._path()} {returning})"
        return self._text_form(depth)

    def _json(self) -> str:
        text = self.leaf(Type("json")).removeprefix("JSON ")
        return text if text[:1] == "'" else '\'{"a": [1, 2], "b": "x"}\''

    def _path(self) -> str:
        return self.chance.choice(values.SQL_PATHS)

    def _text_form(self, depth: int) -> str:
        text = self.expression(VARCHAR, depth)
        wrapper = self.chance.choice(("", " WITH WRAPPER", " WITH CONDITIONAL WRAPPER",
                                      " WITH WRAPPER NULL ON ERROR",
                                      " ERROR ON EMPTY"))  # fmt: skip
        default = self.chance.choice(("", " DEFAULT 'd' ON EMPTY", " NULL ON EMPTY ERROR ON ERROR"))
        template, kinds = self.chance.choice(values.FORMATS)
        given = ", ".join(self.leaf(self.numbered(kind)) for kind in kinds)
        of, by = self.leaf(self.scalar()), self.chance.choice(("'x'", "' '", "'ab'"))
        side = self.chance.choice(("LEADING", "TRAILING", "BOTH"))
        forms = (
            f"format({template}, {given})", f"format({template}, {given})", f"({text}) || ({text})",
            f"json_query({self._json()}, {self._path()}{wrapper})",
            f"json_value({self._json()}, {self._path()}{default})",
            f"json_object('k' : {of} NULL ON NULL)", f"json_array({of}, {text} ABSENT ON NULL)",
            f"json_object(KEY 'a' VALUE {text}, 'b' VALUE 1 ABSENT ON NULL)",
            f"trim({side} {by} FROM {text})", f"substring({text} FROM 2 FOR 3)",
            f"position({by} IN {text})",
        )  # fmt: skip
        return self.chance.choice(forms)

    # calls

    def call(self, kind: Type, depth: int) -> str:
        """Return a call of a function that returns the type."""
        rows = _by_result()
        fitting = rows.get(kind.name, ())
        if not fitting or self.rarely(0.25):
            fitting = rows[""]
        name = self.chance.choice(sorted({row.name for row in fitting}))
        row = self.chance.choice([row for row in fitting if row.name == name])
        bound: Bound = {}
        if row.returns[0] != "=" and row.returns not in _RULED:
            self.bind(patterns.pattern(row.returns), kind, bound)
        if any(not patterns.has_trait(bound[key], trait)
               for key, trait in row.constraints().items() if key in bound):  # fmt: skip
            return self.leaf(kind)
        return self.called(row, bound, depth)

    def bind(self, pattern: Pattern, kind: Type, bound: Bound) -> None:
        """Let the variables of a pattern be what the type says."""
        if pattern.is_variable:
            bound.setdefault(pattern.name, kind)
        for inner, one in zip(pattern.inner, kind.inner, strict=False):
            self.bind(inner, one, bound)

    def called(self, row: Signature, bound: Bound, depth: int) -> str:
        """Return a call by a signature."""
        given = list(row.arguments)
        if row.is_variadic:
            given += given[-1:] * self.chance.randint(0 if len(given) > 1 else 1, 2)
        parts = [self.argument(row, at, one.removesuffix("..."), bound, depth)
                 for at, one in enumerate(given)]  # fmt: skip
        return f"{row.name}({', '.join(parts)})"

    def argument(self, row: Signature, at: int, declared: str, bound: Bound, depth: int) -> str:
        """Return an argument for a parameter as the table of functions declares it."""
        pattern = patterns.pattern(declared)
        if pattern.name == "function":
            return self.lambda_(pattern, bound, depth)
        compiled = {"joniregexp": values.REGEXPS, "jsonpath": values.PATHS,
                    "codepoints": values.CODEPOINTS}  # fmt: skip
        if pattern.name in compiled:
            return self.chance.choice(compiled[pattern.name])
        kind = self.instance(pattern, bound, row.constraints())
        hints = [text for text in values.HINTS.get((row.name, at), ()) if fits(text, kind.name)]
        if hints and self.rarely(1 if row.name.startswith("approx_") else 0.85):
            return self.chance.choice(hints)
        return self.expression(kind, depth)

    def instance(self, pattern: Pattern, bound: Bound, traits: dict[str, str]) -> Type:
        """Return a type that a pattern means."""
        if pattern.is_variable:
            if pattern.name not in bound:
                bound[pattern.name] = self.kind_with(traits.get(pattern.name, ""))
            return bound[pattern.name]
        if pattern.inner:
            if pattern.name == "map" and pattern.inner[0].is_variable:
                bound.setdefault(pattern.inner[0].name, self.kind_with("comparable"))
            inner = tuple(self.instance(one, bound, traits) for one in pattern.inner)
            fields = ("",) * len(inner) if pattern.name == "row" else ()
            return Type(pattern.name, (), inner, fields)
        return self.numbered(pattern.name)

    def lambda_(self, pattern: Pattern, bound: Bound, depth: int) -> str:
        """Return a lambda, whose body may name its parameters."""
        *given, result = (self.instance(one, bound, {}) for one in pattern.inner)
        if result == INTEGER and given == [given[0]] * 2:
            # The order of a comparator that contradicts itself is nobody's.
            return f"(x, y) -> {self.chance.choice(values.COMPARATORS)}"
        used = {name for name, _ in self.names}
        names = [name for name in "xyzuvwpqrst" if name not in used][: len(given)]
        before = len(self.names)
        self.names += zip(names, given, strict=True)
        body = self.expression(result, max(1, depth))
        del self.names[before:]
        return f"({', '.join(names)}) -> {body}"


_INTEGERS = ("tinyint", "smallint", "integer", "bigint")


def fits(text: str, name: str) -> bool:
    """Tell whether a literal of the hints can be given to a parameter of a type."""
    if text.startswith("'"):
        return name == "varchar"
    if text.startswith("X'"):
        return name == "varbinary"
    if text.startswith("INTERVAL"):
        return name.startswith("interval")
    if text.startswith(("DATE", "TIMESTAMP")):
        return name == text.partition(" ")[0].lower()
    if text.startswith("ARRAY"):
        return name == "array"
    if text.startswith("DECIMAL"):
        return name == "decimal"
    return name == "double" if "e" in text else name in _INTEGERS
