"""What CreateCrawler and UpdateCrawler are given, checked and with AWS's defaults filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.services.glue._classifiers import find_classifier
from lakebed.services.glue._crawler_configuration import read_configuration
from lakebed.services.glue._crawler_role import role_name
from lakebed.services.glue._crawler_targets import check_targets
from lakebed.services.glue._crawlers import invalid
from lakebed.services.glue.model import SECURITY_CONFIGURATIONS, check_catalog

NEW_FOLDERS = "CRAWL_NEW_FOLDERS_ONLY"
_APART = ("Name", "Schedule", "Tags", "CatalogId")
"""Members of the request that are no part of the definition."""
_COMBINED = '{"Version":1.0,"Grouping":{"TableGroupingPolicy":"CombineCompatibleSchemas"}}'


def definition(
    ctx: Context, operation: str, request: Mapping[str, Any], known: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Return a crawler's whole definition: what is known of it, what is given, the defaults.

    An empty text takes a member away.
    """
    check_catalog(ctx, request.get("CatalogId"))
    members = {**(known or {}), **{k: v for k, v in request.items() if k not in _APART}}
    members["Role"] = role_name(ctx, members["Role"])
    check_targets(ctx, operation, members["Role"], members["Targets"])
    members = _with_defaults(members)
    _check_policies(members)
    read_configuration(members.get("Configuration", ""))
    for name in members["Classifiers"]:
        find_classifier(ctx, name, "InvalidInputException")
    account = members["LakeFormationConfiguration"]["AccountId"]
    if account not in ("", ctx.account):
        raise NotBuiltError("glue", operation, "LakeFormationConfiguration.AccountId")
    _check_security(ctx, operation, members.get("CrawlerSecurityConfiguration"))
    return {key: value for key, value in members.items() if value != ""}


def _check_security(ctx: Context, operation: str, name: str | None) -> None:
    """Refuse a security configuration that is not there, or wants the crawl's log encrypted."""
    if not name:
        return
    row = SECURITY_CONFIGURATIONS.get(ctx, name)
    if row is None:
        message = f"Security configuration {name} not found."
        raise invalid(f"Error trying to retrieve security config, error message: {message}")
    log_encryption = row.definition.get("CloudWatchEncryption", {})
    if log_encryption.get("CloudWatchEncryptionMode", "DISABLED") != "DISABLED":
        member = "CrawlerSecurityConfiguration with CloudWatchEncryptionMode SSE-KMS"
        raise NotBuiltError("glue", operation, member)


def _with_defaults(members: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what AWS shows of a crawler that was created without.

    A crawler of catalog targets deletes nothing and combines schemas, both always:
    https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html
    """
    is_catalog = bool(members["Targets"].get("CatalogTargets"))
    policy = {
        "UpdateBehavior": "UPDATE_IN_DATABASE",
        "DeleteBehavior": "LOG" if is_catalog else "DEPRECATE_IN_DATABASE",
    }
    filled: dict[str, Any] = {
        "Classifiers": [],
        **members,
        "SchemaChangePolicy": {**policy, **members.get("SchemaChangePolicy", {})},
        "RecrawlPolicy": {
            "RecrawlBehavior": "CRAWL_EVERYTHING", **members.get("RecrawlPolicy", {}),
        },
        "LineageConfiguration": {
            "CrawlerLineageSettings": "DISABLE", **members.get("LineageConfiguration", {}),
        },
        "LakeFormationConfiguration": {
            "UseLakeFormationCredentials": False,
            "AccountId": "",
            **members.get("LakeFormationConfiguration", {}),
        },
    }  # fmt: skip
    if is_catalog and not members.get("Configuration"):
        filled["Configuration"] = _COMBINED
    return filled


def _check_policies(members: Mapping[str, Any]) -> None:
    """Refuse policies that do not go together; the sentences about new folders are AWS's."""
    policy = members["SchemaChangePolicy"]
    if members["Targets"].get("CatalogTargets") and policy["DeleteBehavior"] != "LOG":
        raise invalid(
            "The SchemaChangePolicy for catalog target can have only LOG DeleteBehavior value."
        )
    if members["RecrawlPolicy"]["RecrawlBehavior"] != NEW_FOLDERS:
        return
    others = [k for k, targets in members["Targets"].items() if targets and k != "S3Targets"]
    if others:
        raise invalid(
            'RecrawlBehavior "Crawl new folders only" can only apply to Amazon S3 target.'
        )
    if set(policy.values()) != {"LOG"}:
        raise invalid(
            'The SchemaChangePolicy for "Crawl new folders only" Amazon S3 target can have only '
            "LOG DeleteBehavior value and LOG UpdateBehavior value."
        )


def refuse_unbuilt(operation: str, request: Mapping[str, Any], unbuilt: Sequence[str]) -> None:
    """Refuse, by name, members that would change the result and are not there.

    `unbuilt` has paths of members, `Targets.MongoDBTargets`, or such with a value after a blank.
    """
    for member in unbuilt:
        path, _, value = member.partition(" ")
        for found in _values(request, path.split(".")):
            if found == value if value else found:
                raise NotBuiltError("glue", operation, member)


def _values(given: Any, path: Sequence[str]) -> Iterator[Any]:
    """Yield what a path leads to, in every element of a list on its way."""
    if not path:
        yield given
    elif isinstance(given, list):
        for one in cast(list[Any], given):
            yield from _values(one, path)
    elif isinstance(given, dict) and path[0] in given:
        yield from _values(cast(dict[str, Any], given)[path[0]], path[1:])
