"""Which condition keys policies ask for: what a simulation has to be given values of."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern.identities import GROUPS, Group, Role, User, document
from lakebed.govern.policies import PolicyError, parsed
from lakebed.services.iam._entities import GROUP, ROLE, USER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lakebed.shapes import iam as shapes

_ARN = re.compile(r"arn:aws:iam::(\d{12}):(user|role|group)/(?:[!-~]+/)?([\w+=,.@-]+)")
_VARIABLE = re.compile(r"\$\{([^},]+?)(?:,[^}]*)?\}")
_PLAIN = frozenset("*?$")
"""What is written as a variable and is none: `${*}`."""


def get_context_keys_for_custom_policy(
    ctx: Context, request: shapes.GetContextKeysForCustomPolicyRequest
) -> shapes.GetContextKeysForPolicyResponse:
    """Return the condition keys and variables of given policies, as they are written there.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html
    """
    return {"ContextKeyNames": _keys(_checked(request["PolicyInputList"]))}


def get_context_keys_for_principal_policy(
    ctx: Context, request: shapes.GetContextKeysForPrincipalPolicyRequest
) -> shapes.GetContextKeysForPolicyResponse:
    """Return the condition keys of all policies of a user (with its groups), group or role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html
    """
    arn = request["PolicySourceArn"]
    match = _ARN.fullmatch(arn)
    if match is None or match[1] != ctx.account:
        raise AwsError("InvalidInput", f"Invalid Entity Arn: {arn} does not clearly define entity "
                       "type and name.")  # fmt: skip
    kinds: dict[str, Any] = {"user": USER, "group": GROUP, "role": ROLE}
    entity: User | Group | Role = kinds[match[2]].find(ctx, match[3])
    texts = list(_texts_of(ctx, entity))
    return {"ContextKeyNames": _keys([*texts, *_checked(request.get("PolicyInputList") or ())])}


def _texts_of(ctx: Context, entity: User | Group | Role) -> Iterator[str]:
    """Yield the documents of an entity's policies."""
    yield from entity.inline.values()
    boundary = "" if isinstance(entity, Group) else entity.boundary
    for arn in (*entity.attached, *([boundary] if boundary else [])):
        text = document(ctx, arn)
        if text is not None:
            yield text
    for name in entity.groups if isinstance(entity, User) else ():
        group = GROUPS.get(ctx, entity.account, name)
        if group is not None:
            yield from _texts_of(ctx, group)


def _checked(texts: Iterable[str]) -> list[str]:
    """Return documents; InvalidInput for one that is no policy."""
    many = list(texts)
    for text in many:
        try:
            parsed(text, is_resource_policy='Principal"' in text)
        except PolicyError as error:
            # The sentence is ours.
            raise AwsError("InvalidInput", f"Invalid input: {error}") from None
    return many


def _keys(texts: Iterable[str]) -> list[str]:
    """Return the keys of documents, each once whatever its case, in the order of the alphabet."""
    found: dict[str, str] = {}
    for text in texts:
        statements: Any = json.loads(text)["Statement"]
        is_list = isinstance(statements, list)
        for one in cast("list[dict[str, Any]]", statements if is_list else [statements]):
            conditions = cast("dict[str, dict[str, Any]]", one.get("Condition") or {})
            for keys in conditions.values():
                for key in keys:
                    found.setdefault(key.lower(), key)
        for name in _VARIABLE.findall(text):
            if name not in _PLAIN:
                found.setdefault(name.strip().lower(), name.strip())
    return [found[key] for key in sorted(found)]
