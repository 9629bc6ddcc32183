"""The function table: Trino's signatures, each with the DuckDB text that means the same.

The data are the files in `signatures/`: name, kind, arguments, result, template, type variables.
Arguments are spelled as SHOW FUNCTIONS spells them: types, variables of one letter (`t`, `K1`),
`varchar(x)` for any length, `function(t,boolean)` for a lambda, `name...` for any number of the
last one. The result is a type over the same variables, `=0` for the type of argument 0, or the name
of a rule in `_RULES`. The last column is Trino's list of variables (`K:comparable, V`).

A template that is `!` belongs to a function that Athena has and lakebed has not built.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from lakebed.dialect import patterns
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.patterns import Binding, Pattern
from lakebed.dialect.types import (
    INSTANT,
    UNBOUNDED,
    VARCHAR,
    Type,
    array,
    decimal,
    parse_type,
    varchar,
)

NOT_BUILT = "!"


@dataclass(frozen=True, slots=True)
class Signature:
    """One row of the table."""

    name: str
    kind: str
    arguments: tuple[str, ...]
    returns: str
    template: str
    variables: str = ""

    @property
    def is_variadic(self) -> bool:
        """Whether the last argument may come any number of times."""
        return bool(self.arguments) and self.arguments[-1].endswith("...")

    def takes(self, count: int) -> bool:
        """Tell whether the function can have `count` arguments."""
        if self.is_variadic:
            return count >= len(self.arguments) - 1 and count > 0
        return count == len(self.arguments)

    def parameter(self, at: int) -> Pattern:
        """Return the declared type of argument `at`."""
        text = self.arguments[min(at, len(self.arguments) - 1)].removesuffix("...")
        return patterns.pattern(text)

    def constraints(self) -> dict[str, str]:
        """Return what its type variables have to be: `comparable` or `orderable`."""
        pairs = (part.partition(":") for part in self.variables.split(", "))
        return {name: what for name, _, what in pairs if what}

    def __str__(self) -> str:
        """Return the signature as Trino's errors show it."""
        spelled = (argument.removesuffix("...") for argument in self.arguments)
        arguments = ", ".join(patterns.SHORT.get(argument, argument) for argument in spelled)
        return f"{self.name}({arguments}) {self.variables}".rstrip()


@dataclass(frozen=True, slots=True)
class Resolved:
    """A signature bound to a call: the types its arguments take, the type it returns."""

    signature: Signature
    arguments: tuple[Type, ...]
    returns: Type
    binding: Binding


@cache
def table() -> dict[str, tuple[Signature, ...]]:
    """Return the signatures by name."""
    out: dict[str, list[Signature]] = {}
    for file in sorted(files("lakebed.dialect").joinpath("signatures").iterdir(), key=str):
        for row in read(file.read_text("utf-8")):
            out.setdefault(row.name, []).append(row)
    return {name: tuple(rows) for name, rows in out.items()}


def read(text: str) -> list[Signature]:
    """Read the rows of one file of the table."""
    rows: list[Signature] = []
    for line in text.splitlines()[1:]:
        name, kind, arguments, returns, template, *rest = line.split("\t")
        parts = patterns.split(arguments)
        rows.append(Signature(name, kind, parts, returns, template, "".join(rest)))
    return rows


@lru_cache(maxsize=4096)
def resolve(name: str, given: tuple[Type | None, ...]) -> Resolved | None:
    """Choose the signature for the argument types (None is a lambda not analysed yet).

    As Trino does: what fits as it is, without type variables first; then, with coercions, the most
    specific. AMBIGUOUS_FUNCTION_CALL where none is; None where nothing fits.
    """
    rows = [row for row in table()[name] if row.takes(len(given))]
    plain = [row for row in rows if not any("(" in arg or _varies(arg) for arg in row.arguments)]
    for candidates in (plain, rows):
        for row in candidates:
            bound = _bind(row, given, coercing=False)
            if bound is not None:
                return bound
    fitting = [bound for row in rows if (bound := _bind(row, given, coercing=True)) is not None]
    if len(fitting) <= 1:
        return fitting[0] if fitting else None
    best = _most_specific(fitting)
    if len(best) > 1:
        best = [bound for bound in best if _changes_unknown_only(bound, given)] or best
    if len(best) > 1 and len({bound.returns for bound in best}) == 1:
        best = sorted(best, key=lambda bound: str(bound.signature))[:1]
    if len(best) > 1:
        lines = "".join(
            f"\t * ({','.join(map(str, bound.arguments))}):{bound.returns}\n" for bound in best
        )
        message = "Could not choose a best candidate operator. Explicit type casts must be added."
        raise TrinoError("AMBIGUOUS_FUNCTION_CALL", f"{message}\nCandidates are:\n{lines}")
    return best[0]


def _changes_unknown_only(bound: Resolved, given: Sequence[Type | None]) -> bool:
    return all(
        one == other or one is None or one.name == "unknown"
        for one, other in zip(given, bound.arguments, strict=True)
    )


def _varies(argument: str) -> bool:
    return len(argument) <= 2


def _most_specific(fitting: Sequence[Resolved]) -> list[Resolved]:
    """Return those whose types do not go where another's do."""
    best: list[Resolved] = []
    for current in fitting:
        for at, other in enumerate(best):
            if _goes(current, other):
                best[at] = current
                break
            if _goes(other, current):
                break
        else:
            best.append(current)
    return best


def _goes(one: Resolved, other: Resolved) -> bool:
    """Tell whether the types of one can be given to the other."""
    given = tuple(
        None if one.signature.parameter(at).name == "function" else kind
        for at, kind in enumerate(one.arguments)
    )
    return _bind(other.signature, given, coercing=True) is not None


def _bind(row: Signature, given: Sequence[Type | None], coercing: bool) -> Resolved | None:
    binding = Binding(coercing)
    parameters = [row.parameter(at) for at in range(len(given))]
    for parameter, kind in zip(parameters, given, strict=True):
        if not binding.learn(parameter, kind):
            return None
    for variable, what in row.constraints().items():
        kind = binding.types.get(variable)
        if kind is not None and not patterns.has_trait(kind, what):
            return None
    arguments: list[Type] = []
    for parameter, kind in zip(parameters, given, strict=True):
        target = binding.argument(parameter, kind)
        if target is None:
            return None
        arguments.append(target)
    return Resolved(row, tuple(arguments), returned(row, arguments, binding), binding)


def returned(row: Signature, arguments: Sequence[Type], binding: Binding) -> Type:
    """Work out the type a call returns."""
    text = row.returns
    if text.startswith("="):
        return arguments[int(text[1:])]
    if text.startswith("array(="):
        return array(arguments[int(text[7:-1])])
    rule = _RULES.get(text)
    if rule is not None:
        return rule(arguments)
    if text.startswith("row(") and " " in text:
        return parse_type(text)  # its members have names, and no variables
    return binding.instantiate(patterns.pattern(text))


def _whole(arguments: Sequence[Type]) -> Type:
    precision, scale = arguments[0].numbers
    return decimal(max(1, min(38, precision - scale + min(scale, 1))), 0)


def _rounded(arguments: Sequence[Type]) -> Type:
    precision, scale = arguments[0].numbers
    return decimal(min(38, precision + 1), scale)


def _truncated(arguments: Sequence[Type]) -> Type:
    precision, scale = arguments[0].numbers
    return decimal(max(1, precision - scale), 0)


def _remainder(arguments: Sequence[Type]) -> Type:
    (p1, s1), (p2, s2) = arguments[0].numbers, arguments[1].numbers
    scale = max(s1, s2)
    return decimal(min(38, min(p1 - s1, p2 - s2) + scale), scale)


def _replaced(arguments: Sequence[Type]) -> Type:
    lengths = [kind.numbers[0] for kind in arguments]
    if UNBOUNDED in lengths:
        return VARCHAR
    return varchar(min(UNBOUNDED, lengths[0] + lengths[2] * (lengths[0] + 1)))


def _regexp_replaced(arguments: Sequence[Type]) -> Type:
    one, other = arguments[0].numbers[0], arguments[2].numbers[0]
    if UNBOUNDED in (one, other):
        return VARCHAR
    return varchar(min(UNBOUNDED, one + max(one * other // 2, other) * (one + 1)))


def _joined_char(arguments: Sequence[Type]) -> Type:
    return Type("char", (min(65536, arguments[0].numbers[0] + arguments[1].numbers[0]),))


def _iso8601(arguments: Sequence[Type]) -> Type:
    places = arguments[0].numbers[0]
    fixed = 28 if arguments[0].name == INSTANT else 22
    return varchar(fixed + (places + 1 if places else 0))


def _encoded(arguments: Sequence[Type]) -> Type:
    length = arguments[0].numbers[0]
    return VARCHAR if length == UNBOUNDED else varchar(min(UNBOUNDED, length * 12))


def _rendered(arguments: Sequence[Type]) -> Type:
    length = arguments[0].numbers[0]
    return VARCHAR if length == UNBOUNDED else varchar(min(UNBOUNDED, length + 15))


_RULES: dict[str, Callable[[Sequence[Type]], Type]] = {
    "url_encode": _encoded,
    "render": _rendered,
    "iso8601": _iso8601,
    "ceil": _whole,
    "round": _rounded,
    "truncate": _truncated,
    "mod": _remainder,
    "replace": _replaced,
    "regexp_replace": _regexp_replaced,
    "concat_char": _joined_char,
    "sum": lambda arguments: decimal(38, arguments[0].numbers[1]),
    "interval day to second": lambda _: parse_type("interval day to second"),
    "interval year to month": lambda _: parse_type("interval year to month"),
}
