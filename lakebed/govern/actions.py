"""Which permission an operation needs, and for which resources.

The tables in `actions/` are generated from AWS's Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html)
and read when a service is first asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any, cast

import msgspec

_MEMBER = re.compile(r"\{([^{}|]+)(?:\|([^{}]*))?\}")
_ARNS_MAX = 1000
"""Of one request: one that names more resources is decided for all of its kind."""


class Template(msgspec.Struct, frozen=True):
    """An ARN with places for members of the request: texts, and between them paths."""

    texts: tuple[str, ...]
    paths: tuple[tuple[str, ...], ...]
    defaults: tuple[str, ...]

    def arns(self, own: Mapping[str, str], request: Mapping[str, Any]) -> list[str]:
        """Return the ARNs that a request is about; what it does not name is a star."""
        choices: list[Sequence[str]] = []
        for path, default in zip(self.paths, self.defaults, strict=True):
            given = own.get(path[0])
            values = [given] if given is not None else _values(request, path)
            choices.append(values or [default])
        found: list[str] = []
        for values in product(*choices):
            parts = [self.texts[0]]
            for value, text in zip(values, self.texts[1:], strict=True):
                parts += (value, text)
            found.append("".join(parts))
            if len(found) > _ARNS_MAX:
                return [self._all(own)]
        return found

    def _all(self, own: Mapping[str, str]) -> str:
        parts = [self.texts[0]]
        for path, text in zip(self.paths, self.texts[1:], strict=True):
            parts += (own.get(path[0], "*"), text)
        return "".join(parts)


class Needed(msgspec.Struct, frozen=True):
    """An action, and the templates of the ARNs it is about."""

    action: str
    resources: tuple[Template, ...]

    def arns(self, region: str, account: str, request: Mapping[str, Any]) -> list[str]:
        """Return the ARNs of all resources of a request: each must be allowed."""
        own = {"region": region, "account": account}
        return [arn for one in self.resources for arn in one.arns(own, request)]


def needed(service: str, operation: str) -> Needed:
    """Return what an operation (by its function's name) needs; KeyError for one not in use."""
    return _table(service)[operation]


@cache
def _table(service: str) -> Mapping[str, Needed]:
    text = files("lakebed.govern").joinpath(f"actions/{service}.json").read_text("utf-8")
    return {
        operation: Needed(one["action"], tuple(map(_template, one["resources"])))
        for operation, one in json.loads(text).items()
    }


def _template(text: str) -> Template:
    parts = _MEMBER.split(text)
    paths = tuple(tuple(path.split(".")) for path in parts[1::3])
    defaults = tuple(default or "*" for default in parts[2::3])
    return Template(tuple(parts[0::3]), paths, defaults)


def _values(request: Any, path: Sequence[str]) -> list[str]:
    """Return the texts at a path of a request; a list's elements are several."""
    if not path:
        return [request] if isinstance(request, str) and request else []
    name = path[0].removesuffix("[]")
    if not isinstance(request, Mapping):
        return []
    inner: Any = cast("Mapping[str, Any]", request).get(name)
    if inner is None:
        return []
    if path[0].endswith("[]"):
        return [value for one in inner for value in _values(one, path[1:])]
    return _values(inner, path[1:])
