"""The model's constraints on requests, refused with AWS's sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from lakebed.core.errors import AwsError
from lakebed.gateway.wire.models import Member, Operation, Shape, Validator
from lakebed.gateway.wire.patterns import translate

# Code and further members of each service's answer. Most services say ValidationException; Athena
# declares InvalidRequestException for it in its API reference and sends its own error code along.
_CODES: dict[str, tuple[str, dict[str, str | int]]] = {
    "athena": ("InvalidRequestException", {"AthenaErrorCode": "INVALID_INPUT"}),
    "cloudwatch": ("ValidationError", {}),
    "iam": ("ValidationError", {}),
    "logs": ("InvalidParameterException", {}),
    "sts": ("ValidationError", {}),
}
_DEFAULT: tuple[str, dict[str, str | int]] = ("ValidationException", {})

# AWS shows the first problems; a batch of thousands must not make an answer of megabytes.
_PROBLEMS_MAX = 10
_SHOWN_CHARACTERS_MAX = 1024
_COLUMNS_FROM = 16
"""From so many structures on a list is looked at member by member first."""

Check = Callable[[Any, str, list[str]], None]
Length = Callable[[Any], int]


def _shown(value: Any) -> str:
    """Return a value as Java prints it."""
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in cast(list[Any], value)) + "]"
    if isinstance(value, dict):
        items = cast(dict[str, Any], value).items()
        return "{" + ", ".join(f"{key}={_shown(item)}" for key, item in items) + "}"
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _problem(value: Any, path: str, constraint: str) -> str:
    shown = _shown(value)[:_SHOWN_CHARACTERS_MAX]
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must {constraint}"


def _utf16_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _number(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)


def _size_check(shape: Shape) -> Check | None:
    """Return the check of minimum and maximum: of the value of numbers, else of the length."""
    low, high = shape.minimum, shape.maximum
    if low is None and high is None:
        return None
    is_number = shape.kind in ("integer", "long", "float", "double", "short", "byte")
    words = "value" if is_number else "length"
    measure: Length = len
    if shape.kind == "string":
        measure = _utf16_length

    def check(value: Any, path: str, problems: list[str]) -> None:
        size = value if is_number else measure(value)
        if low is not None and size < low:
            constraint = f"have {words} greater than or equal to {_number(low)}"
            problems.append(_problem(value, path, constraint))
        if high is not None and size > high:
            constraint = f"have {words} less than or equal to {_number(high)}"
            problems.append(_problem(value, path, constraint))

    return check


def _string_checks(shape: Shape) -> list[Check]:
    checks: list[Check] = []
    if shape.enum:
        values = frozenset(shape.enum)
        enum_constraint = f"satisfy enum value set: [{', '.join(shape.enum)}]"

        def check_enum(value: Any, path: str, problems: list[str]) -> None:
            if value not in values:
                problems.append(_problem(value, path, enum_constraint))

        checks.append(check_enum)
    pattern = translate(shape.pattern) if shape.pattern else None
    if pattern is not None:
        matches = pattern.fullmatch
        constraint = f"satisfy regular expression pattern: {shape.pattern}"
        longest = shape.maximum or float("inf")

        def check_pattern(value: Any, path: str, problems: list[str]) -> None:
            if len(value) <= longest and not matches(value):
                problems.append(_problem(value, path, constraint))

        checks.append(check_pattern)
    return checks


def _column_checks(shape: Shape) -> Callable[[list[Any]], bool] | None:
    """Return what tells of many structures that nothing can be wrong with any, member by member.

    For those whose required members are texts and blobs of bounded length: a batch of hundreds,
    where to look at each value on its own is as dear as to parse it. What it does not vouch for is
    checked one by one, and so is a batch in which a member of another kind is given.
    """
    members = shape.members.values()
    bounded = [member for member in members if _is_bounded(member.shape)]
    others = frozenset(member.name for member in members if member not in bounded)
    required = [member.name for member in members if member.required]
    if shape.kind != "structure" or not required or not others.isdisjoint(required):
        return None
    bounds = [
        (
            member.name,
            member.required,
            member.shape.minimum or 0,
            # In UTF-16 a text is at most twice as long as it is here.
            (member.shape.maximum or float("inf")) / (2 if member.shape.kind == "string" else 1),
        )
        for member in bounded
    ]

    def are_fine(value: list[Any]) -> bool:
        try:
            for name, is_required, low, high in bounds:
                if is_required:
                    lengths = [len(item[name]) for item in value]
                else:
                    lengths = [len(item[name]) for item in value if name in item]
                if lengths and (min(lengths) < low or max(lengths) > high):
                    return False
        except (KeyError, TypeError):
            return False
        return not others or all(map(others.isdisjoint, value))

    return are_fine


def _is_bounded(shape: Shape) -> bool:
    """Tell whether only the length of a value can be wrong."""
    return shape.kind in ("string", "blob") and not (shape.pattern or shape.enum)


class _Checks:
    """Compiles shapes to checks; a shape without constraints has none.

    `passed` holds the last list of each shape that passed, for the time of one request: a batch
    repeats itself, the columns of a hundred partitions are the same list.
    """

    def __init__(self) -> None:
        self._known: dict[Shape, list[Check]] = {}
        self.passed: dict[Shape, Any] = {}

    def of(self, shape: Shape) -> list[Check]:
        known = self._known.get(shape)
        if known is not None:
            return known
        checks: list[Check] = []
        # Known before it is compiled, because shapes may contain themselves.
        self._known[shape] = checks
        size = _size_check(shape)
        if size is not None:
            checks.append(size)
        if shape.kind == "structure":
            checks += self._structure(shape)
        elif shape.kind == "list":
            checks += self._list(shape)
        elif shape.kind == "map":
            checks += self._map(shape)
        else:
            checks += _string_checks(shape)
        return checks

    def _structure(self, shape: Shape) -> list[Check]:
        rows = [
            (member.name, f"{member.name[:1].lower()}{member.name[1:]}", member.required, checks)
            for member, checks in self._members(shape)
            if member.required or checks
        ]
        if not rows:
            return []

        def check(value: Any, path: str, problems: list[str]) -> None:
            for name, shown, required, checks in rows:
                item = value.get(name)
                if item is not None:
                    for one in checks:
                        one(item, path + shown, problems)
                elif required:
                    problems.append(
                        f"Value null at '{path}{shown}' failed to satisfy constraint: "
                        "Member must not be null"
                    )

        def check_inside(value: Any, path: str, problems: list[str]) -> None:
            check(value, f"{path}." if path else "", problems)

        return [check_inside]

    def _members(self, shape: Shape) -> list[tuple[Member, list[Check]]]:
        return [(member, self.of(member.shape)) for member in shape.members.values()]

    def _list(self, shape: Shape) -> list[Check]:
        checks = self.of(shape.parts["member"].shape)
        if not checks:
            return []

        passed = self.passed
        are_fine = _column_checks(shape.parts["member"].shape)

        def check(value: Any, path: str, problems: list[str]) -> None:
            if are_fine is not None and len(value) >= _COLUMNS_FROM and are_fine(value):
                return
            if passed.get(shape) == value:
                return
            known = len(problems)
            for number, item in enumerate(value, 1):
                for one in checks:
                    one(item, f"{path}.{number}.member", problems)
            if len(problems) == known:
                passed[shape] = value

        return [check]

    def _map(self, shape: Shape) -> list[Check]:
        key_checks = self.of(shape.parts["key"].shape)
        value_checks = self.of(shape.parts["value"].shape)
        if not key_checks and not value_checks:
            return []

        def check(value: Any, path: str, problems: list[str]) -> None:
            for key, item in value.items():
                for one in key_checks:
                    one(key, path, problems)
                for one in value_checks:
                    one(item, f"{path}.{key}.member", problems)

        return [check]


def compile_validator(operation: Operation) -> Validator:
    """Return what raises the service's validation error for a request that breaks the model.

    REST services are let through: S3 answers each bad argument with a code of its own, and what
    its XML requires is checked where the XML is read.
    """
    if operation.is_rest:
        return _accept
    compiled = _Checks()
    checks = compiled.of(operation.input)
    code, members = _CODES.get(operation.service, _DEFAULT)

    def validate(request: Mapping[str, Any]) -> None:
        problems: list[str] = []
        for check in checks:
            check(request, "", problems)
        compiled.passed.clear()
        if problems:
            count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
            raise AwsError(code, count + "; ".join(problems[:_PROBLEMS_MAX]), 400, members)

    return validate


def _accept(request: Mapping[str, Any]) -> None:
    """Accept any request."""
