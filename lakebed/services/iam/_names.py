"""Ids, ARNs, tags and documents, as IAM writes them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import IAM_TAGS_MAX
from lakebed.govern.policies import PolicyError, parsed
from lakebed.services.iam.model import invalid, limit_exceeded

_SPACES = re.compile(r"\s+")


def new_id(ctx: Context, prefix: str) -> str:
    """Return a unique id: four letters that say of what, and sixteen of its own.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    """
    return prefix + base64.b32encode(bytes.fromhex(ctx.ids.token(80))).decode()


def arn(account: str, kind: str, path: str, name: str) -> str:
    """Return an entity's ARN: `kind` is user, group, role, policy."""
    return f"arn:aws:iam::{account}:{kind}{path}{name}"


def check_path(path: str) -> str:
    """Return a path, which the model lets be what it may not: it begins and ends with a slash."""
    if not (path.startswith("/") and path.endswith("/")) or "//" in path:
        raise invalid(
            "The specified value for path is invalid. It must begin and end with / and contain "
            "only alphanumeric characters and/or / characters."
        )
    return path


def shown(document: str) -> str:
    """Return a document as answers have it: percent-encoded, by RFC 3986."""
    return quote(document, safe="-._~")


def size_of(document: str) -> int:
    """Return a document's size as quotas count it: without its white space."""
    return len(_SPACES.sub("", document))


def check_document(document: str, *, is_trust: bool = False) -> str:
    """Return a policy document; MalformedPolicyDocument for one that is none."""
    try:
        if is_trust and not _is_json(document):
            raise PolicyError("This policy contains invalid Json")
        parsed(document, is_resource_policy=is_trust)
    except PolicyError as error:
        raise AwsError("MalformedPolicyDocument", str(error), 400) from None
    return document


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def tags_of(given: Sequence[Any], kept: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return `kept` with the given tags added. Keys are the same whatever their case.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
    """
    tags = dict(kept or {})
    names = [tag["Key"].lower() for tag in given]
    if len(set(names)) < len(names):
        message = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        raise AwsError("InvalidInput", message, 400)
    for tag in given:
        key = tag["Key"]
        if key.lower().startswith("aws:"):
            raise AwsError("InvalidInput", "System tags cannot be added/updated.", 400)
        held = next((one for one in tags if one.lower() == key.lower()), key)
        tags.pop(held, None)
        tags[key] = tag["Value"]
    if len(tags) > IAM_TAGS_MAX:
        raise limit_exceeded("The number of tags has reached the maximum limit.")
    return tags


def without_tags(kept: Mapping[str, str], keys: Sequence[str]) -> dict[str, str]:
    """Return tags without those of these keys, whatever their case."""
    gone = {key.lower() for key in keys}
    return {key: value for key, value in kept.items() if key.lower() not in gone}


def tag_shapes(tags: Mapping[str, str]) -> list[Any]:
    """Return tags as answers have them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def boundary_shape(boundary: str) -> Any:
    """Return a permissions boundary as answers have it."""
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}
