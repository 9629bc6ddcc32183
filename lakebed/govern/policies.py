"""Policy documents of IAM, read: statements that can be asked whether they match a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, cast

import msgspec

from lakebed.govern import conditions, patterns
from lakebed.govern.conditions import Condition, ConditionError
from lakebed.govern.patterns import Context, Matcher, filled, has_variables

VERSIONS = ("2012-10-17", "2008-10-17")
_ACCOUNT = re.compile(r"\d{12}|arn:aws:iam::\d{12}:root")
_MEMBERS = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    | {"Principal", "NotPrincipal"}
)

Named = Literal["", "public", "account", "exact"]
"""How a policy names a principal: not at all, as everybody, by its account, or itself."""


class PolicyError(ValueError):
    """A document that is no policy; the message is AWS's."""


class Caller(msgspec.Struct, frozen=True):
    """Who asks, as policies see it.

    `arn` is the user's, or the session's of a role; `role_arn` the role's. `service` is the service
    principal, `federated` the provider that vouched for a web identity, `canonical` S3's user id.
    """

    arn: str
    account: str
    kind: Literal["root", "user", "role", "federated", "anonymous", "service"]
    role_arn: str = ""
    service: str = ""
    federated: str = ""
    canonical: str = ""


class Patterns(msgspec.Struct, frozen=True):
    """A list of patterns, or of those that must not match; `kind` makes a matcher of a pattern."""

    texts: tuple[str, ...]
    kind: Callable[[str], Matcher]
    is_negated: bool = False
    has_variables: bool = False
    matchers: tuple[Matcher, ...] = ()

    @classmethod
    def of(cls, texts: tuple[str, ...], kind: Callable[[str], Matcher], *flags: bool) -> Patterns:
        """Return patterns; `flags`: whether they are negated, whether they have variables."""
        is_negated, variables = flags
        matchers = () if variables else tuple(map(kind, texts))
        return cls(texts, kind, is_negated, variables, matchers)

    def match(self, text: str, context: Context) -> bool:
        """Tell whether the text is meant."""
        matchers: Iterable[Matcher] = self.matchers
        if self.has_variables:
            texts = (filled(one, context) if has_variables(one) else one for one in self.texts)
            matchers = (self.kind(one) for one in texts if one is not None)
        for matches in matchers:
            if matches(text):
                return not self.is_negated
        return self.is_negated


_ANY = Patterns.of(("*",), patterns.wildcard, False, False)


class Statement(msgspec.Struct, frozen=True):
    """A statement; `resources` and `principals` are None where the kind of policy has none.

    `number` is its place in the document, from 0 on.
    """

    sid: str
    number: int
    is_allow: bool
    actions: Patterns
    resources: Patterns | None
    principals: Mapping[str, tuple[str, ...]] | None
    not_principals: bool
    conditions: tuple[Condition, ...]

    @property
    def label(self) -> str:
        """What it is called where it decided: its Sid, else its number."""
        return self.sid or str(self.number)

    def covers(self, action: str, resource: str, context: Context) -> bool:
        """Tell whether action (in lower case), resource and conditions are met."""
        if not self.actions.match(action, context):
            return False
        if self.resources is not None and not self.resources.match(resource, context):
            return False
        return not self.conditions or all(one.holds(context) for one in self.conditions)

    def names(self, caller: Caller) -> Named:
        """Tell how the statement names who asks; a statement without principals means whoever."""
        if self.principals is None:
            return "exact"
        found = _RANK[max(_RANK.index(_named(kind, one, caller)) for kind, one in self._each())]
        if not self.not_principals:
            return found
        return "" if found else "exact"

    def _each(self) -> Iterable[tuple[str, str]]:
        yield "", ""
        for kind, names in (self.principals or {}).items():
            for name in names:
                yield kind, name


_RANK: tuple[Named, ...] = ("", "account", "public", "exact")


def _named(kind: str, name: str, caller: Caller) -> Named:
    if kind == "AWS":
        return _named_aws(name, caller)
    if not kind:
        return ""
    own = {"Service": caller.service, "Federated": caller.federated}
    is_it = name == own.get(kind, caller.canonical) and bool(name)
    if is_it or (name == "*" and own.get(kind)):
        return "exact"
    return ""


def _named_aws(name: str, caller: Caller) -> Named:
    if name == "*":
        return "public"
    if caller.kind in ("anonymous", "service"):
        return ""
    if name in (caller.arn, caller.role_arn):
        return "exact"
    if _ACCOUNT.fullmatch(name) and caller.account in name:
        return "account"
    return ""


class Policy(msgspec.Struct, frozen=True):
    """A policy: its name for messages, its statements, those that allow and those that deny."""

    name: str
    allows: tuple[Statement, ...] = ()
    denies: tuple[Statement, ...] = ()

    @classmethod
    def of(cls, name: str, statements: Iterable[Statement]) -> Policy:
        """Return a policy of statements in any order."""
        many = tuple(statements)
        return cls(
            name,
            tuple(one for one in many if one.is_allow),
            tuple(one for one in many if not one.is_allow),
        )

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All of them, in no order that matters."""
        return self.allows + self.denies

    def about(self, action: str) -> Policy:
        """Return the policy without the statements that say nothing of an action."""
        name = action.lower()
        found = (
            msgspec.structs.replace(one, actions=_ANY)
            for one in self.statements
            if one.actions.match(name, {})
        )
        return Policy.of(self.name, found)

    @property
    def is_plain(self) -> bool:
        """Whether action and resource alone decide: no conditions, no variables."""
        return not any(
            one.conditions or (one.resources is not None and one.resources.has_variables)
            for one in self.statements
        )


@lru_cache(maxsize=4096)
def parsed(text: str, name: str = "", *, is_resource_policy: bool = False) -> Policy:
    """Read a policy document; PolicyError with AWS's sentence for one that is none.

    A resource policy must name principals, an identity policy must not; trust policies are resource
    policies without resources.
    """
    try:
        document: Any = json.loads(text)
    except ValueError:
        raise PolicyError("Syntax errors in policy.") from None
    if not isinstance(document, dict):
        raise PolicyError("Syntax errors in policy.")
    fields = cast("dict[str, Any]", document)
    version = fields.get("Version", VERSIONS[1])
    if version not in VERSIONS:
        message = "The policy must contain a valid version string." if "Version" in fields else ""
        raise PolicyError(message or "Policy document must be version 2012-10-17 or greater.")
    given = fields.get("Statement")
    many = cast("list[Any]", given) if isinstance(given, list) else [given]
    if not given or not all(isinstance(one, dict) for one in many):
        raise PolicyError("Syntax errors in policy.")
    statements = cast("list[dict[str, Any]]", many)
    variables = version == VERSIONS[0]
    read = [_statement(one, at, is_resource_policy, variables) for at, one in enumerate(statements)]
    sids = [one.sid for one in read if one.sid]
    if len(set(sids)) < len(sids):
        raise PolicyError("Statement IDs (SID) in a single policy must be unique.")
    return Policy.of(name, read)


def _statement(
    given: dict[str, Any], number: int, is_resource_policy: bool, variables: bool
) -> Statement:
    unknown = sorted(given.keys() - _MEMBERS)
    if unknown or given.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError("Syntax errors in policy.")
    principals = _principals(given, is_resource_policy)
    resources = None
    if "Resource" in given or "NotResource" in given:
        resources = _patterns(given, "Resource", variables)
    elif not is_resource_policy:
        raise PolicyError("Policy statement must contain resources.")
    actions = _patterns(given, "Action", False)
    if not is_resource_policy and not all(":" in one or one == "*" for one in actions.texts):
        raise PolicyError(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        )
    try:
        block = conditions.parsed(given.get("Condition") or {}, variables=variables)
    except (ConditionError, AttributeError) as error:
        raise PolicyError(str(error)) from None
    return Statement(
        str(given.get("Sid", "")),
        number,
        given["Effect"] == "Allow",
        actions,
        resources,
        principals,
        "NotPrincipal" in given,
        tuple(block),
    )


def _patterns(given: Mapping[str, Any], member: str, variables: bool) -> Patterns:
    is_negated = f"Not{member}" in given
    if is_negated and member in given:
        raise PolicyError("Syntax errors in policy.")
    texts = _texts(given.get(f"Not{member}" if is_negated else member))
    if not texts:
        raise PolicyError(f"Policy statement must contain {member.lower()}s.")
    if member == "Action":
        texts = tuple(one.lower() for one in texts)
        return Patterns.of(texts, patterns.wildcard, is_negated, False)
    return Patterns.of(
        texts, patterns.arn, is_negated, variables and any(map(has_variables, texts))
    )


def _principals(
    given: Mapping[str, Any], is_resource_policy: bool
) -> Mapping[str, tuple[str, ...]] | None:
    value: Any = given.get("Principal", given.get("NotPrincipal"))
    if not is_resource_policy:
        if value is not None:
            raise PolicyError("Policy document should not specify a principal.")
        return None
    if value == "*":
        return {"AWS": ("*",)}
    if not isinstance(value, dict) or not value:
        raise PolicyError("Missing required field Principal")
    kinds = cast("dict[str, Any]", value)
    if not kinds.keys() <= {"AWS", "Service", "Federated", "CanonicalUser"}:
        raise PolicyError("Invalid principal in policy.")
    return {kind: _texts(names) for kind, names in kinds.items()}


def _texts(value: Any) -> tuple[str, ...]:
    many = cast("list[Any]", value) if isinstance(value, list) else [value]
    if value is None or not all(isinstance(one, str) for one in many):
        raise PolicyError("Syntax errors in policy.")
    return tuple(many)
