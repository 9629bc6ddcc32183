"""Filters of listings.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.ssm.model import DEFAULT_KEY, SECURE, VERSIONS, Parameter
from lakebed.store import Range

Fits = Callable[[Parameter], bool]
_OPTIONS: Mapping[str, Callable[[str, str], bool]] = {
    "Equals": lambda text, value: text == value,
    "BeginsWith": lambda text, value: text.startswith(value),
    "Contains": lambda text, value: value in text,
}
_BY_PATH = frozenset({"Type", "KeyId", "Label"})


def below(path: str, name: str, *, is_recursive: bool) -> bool:
    """Tell whether a parameter is below a path; at one level, unless deeper ones are meant."""
    base = "/" + path.strip("/") + "/" if path.strip("/") else "/"
    whole = name if name.startswith("/") else f"/{name}"
    return whole.startswith(base) and (is_recursive or "/" not in whole[len(base) :])


def filtered(ctx: Context, filters: Sequence[Mapping[str, Any]], *, is_path: bool) -> Fits:
    """Return what tells whether a parameter fits all filters; InvalidFilterKey for others."""
    checks = [_check(ctx, one, is_path=is_path) for one in filters]
    return lambda parameter: all(check(parameter) for check in checks)


def _check(ctx: Context, given: Mapping[str, Any], *, is_path: bool) -> Fits:
    key, values = str(given["Key"]), cast("list[str]", given.get("Values") or [])
    if is_path and key not in _BY_PATH:
        message = f"The following filter key is not valid: {key}. Valid filter keys include: "
        raise AwsError("InvalidFilterKey", f"{message}[Type, KeyId, Label].")
    if key == "Path":
        option = str(given.get("Option", "OneLevel"))
        if option not in ("OneLevel", "Recursive"):
            raise _bad_option(option)
        deep = option == "Recursive"
        return lambda one: any(below(path, one.name, is_recursive=deep) for path in values)
    if key == "Label":
        return lambda one: any(
            label in values
            for version in VERSIONS.scan(ctx, Range((one.name,)))
            for label in version.labels
        )
    option = str(given.get("Option", "Equals"))
    if option not in _OPTIONS:
        raise _bad_option(option)
    compare = _OPTIONS[option]

    def fits(one: Parameter) -> bool:
        texts = _texts(one, key)
        return any(compare(text, value) for text in texts for value in values or [text])

    return fits


def _texts(one: Parameter, key: str) -> list[str]:
    if key.startswith("tag:"):
        name = key.removeprefix("tag:")
        return [one.tags[name]] if name in one.tags else []
    last = one.last
    found = {
        "Name": [one.name, one.name.removeprefix("/")],
        "Type": [last.type],
        "Tier": [last.tier],
        "KeyId": [last.key or DEFAULT_KEY] if last.type == SECURE else [],
        "DataType": ["text"],
    }
    return found[key]


def _bad_option(option: str) -> AwsError:
    message = f"The following filter option is not valid: {option}."
    return AwsError("InvalidFilterOption", message)
