"""Which permissions a call of S3 needs, and what a condition of a policy may ask of it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
The dispatcher asks before every call. A bucket's owner may do everything in a bucket that has
neither policy nor access lists: that is told at a glance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.engines.objects import StoredObject
from lakebed.govern.actions import needed
from lakebed.govern.decision import Decision, Need, needs_of
from lakebed.services.s3._access_lists import object_grants
from lakebed.services.s3._access_points import access_point_in, check_operation, needs_through
from lakebed.services.s3._grants import OF_OBJECTS, OF_UPLOADS, is_given
from lakebed.services.s3._rules import rules_of
from lakebed.services.s3._signature_conditions import signature_conditions
from lakebed.services.s3._versions import is_version_id
from lakebed.services.s3.model import BUCKETS, UPLOADS, Bucket

_ALL_BUCKETS = "arn:aws:s3:::*"
"""What ListAllMyBuckets is asked of, as AWS's walkthrough of user policies has it."""
_OF_POLICY = frozenset({"get_bucket_policy", "put_bucket_policy", "delete_bucket_policy"})
"""What the root of a bucket's account may whatever the policy says, lest it lock itself out."""
_OF_VERSIONS = {
    "s3:DeleteObject": "s3:DeleteObjectVersion",
    "s3:DeleteObjectTagging": "s3:DeleteObjectVersionTagging",
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:GetObjectAcl": "s3:GetObjectVersionAcl",
    "s3:GetObjectAttributes": "s3:GetObjectVersionAttributes",
    "s3:GetObjectTagging": "s3:GetObjectVersionTagging",
    "s3:PutObjectAcl": "s3:PutObjectVersionAcl",
    "s3:PutObjectTagging": "s3:PutObjectVersionTagging",
}
_WRITES = frozenset({"put_object", "copy_object", "create_multipart_upload"})


def needs(ctx: Context, operation: str, request: Mapping[str, Any]) -> Sequence[Need]:
    """Return the permissions that a call needs; none where its caller may do everything anyway.

    What a bucket that is not there answers is its handler's to say, as is which keys of
    DeleteObjects may be deleted.
    """
    if operation == "list_buckets":
        found = needs_of(ctx, "s3", operation, request)
        return [Need(one.action, _ALL_BUCKETS, one.owner) for one in found]
    if operation == "create_bucket":
        found = needs_of(ctx, "s3", operation, request)
        if request.get("ObjectLockEnabledForBucket"):
            more = ("s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning")
            found += [Need(action, one.resource, one.owner) for one in found[:1] for action in more]
        return found
    name: str = request["Bucket"]
    bucket, through = BUCKETS.get(ctx, name), access_point_in(ctx)
    if through:
        check_operation(operation)
    if "CopySource" in request:
        source = _source(operation, request["CopySource"])
        return [
            *_all(ctx, operation, request, bucket, through),
            *_of_source(ctx, operation, request, source),
        ]
    return _all(ctx, operation, request, bucket, through)


def _all(
    ctx: Context,
    operation: str,
    request: Mapping[str, Any],
    bucket: Bucket | None,
    through: str = "",
) -> Sequence[Need]:
    """Return what a call needs of a bucket, reached through an access point or by its name."""
    if bucket is None or operation == "delete_objects":
        return ()
    who = ctx.principal
    is_free = (not bucket.rules or operation in _OF_POLICY) and not through
    if is_free and who.is_root and who.account == bucket.account:
        return ()
    is_new = operation in _WRITES
    found = [_need(ctx, bucket, one, request, is_new) for one in _actions(operation, request)]
    return needs_through(ctx, through, found) if through else found


def _need(
    ctx: Context, bucket: Bucket, action: str, request: Mapping[str, Any], is_new: bool
) -> Need:
    """Return the need of an action, with what the bucket's and the object's settings say of it."""
    key = request.get("Key")
    resource = f"arn:aws:s3:::{bucket.name}" + ("" if key is None else f"/{key}")
    if not bucket.rules:
        return Need(action, resource, bucket.account)
    who, rules = ctx.principal, rules_of(ctx, bucket)
    account = "" if who.is_anonymous else who.account
    # The list of an object that is about to be written says nothing of who may write it.
    if rules.has_lists and not is_new and action.lower() in OF_OBJECTS:
        found = _object(ctx, request)
        if found is None:
            # What is not there has no list: who may list the bucket is told so.
            listed = f"arn:aws:s3:::{bucket.name}"
            about = rules.about("s3:ListBucket", account)
            return Need("s3:ListBucket", listed, bucket.account, about)
        if not found.is_delete_marker:
            owner, grants = object_grants(bucket, found)
            policy = rules.about_object(action, account, owner, grants)
            return Need(action, resource, owner, policy)
    if action.lower() in OF_UPLOADS and account != bucket.account and _began(ctx, account, request):
        return Need(action, resource, bucket.account, rules.about_upload(action, account))
    return Need(action, resource, bucket.account, rules.about(action, account))


def _began(ctx: Context, account: str, request: Mapping[str, Any]) -> bool:
    """Tell whether an account, not nobody, began the upload that a request is about."""
    upload = UPLOADS.get(ctx, request["Bucket"], request["Key"], request["UploadId"])
    return bool(account) and upload is not None and upload.account == account


def _actions(operation: str, request: Mapping[str, Any]) -> Iterator[str]:
    """Yield the actions that an operation needs on what it is about."""
    action = needed("s3", operation).action
    has_version = "VersionId" in request
    if has_version:
        action = _OF_VERSIONS.get(action, action)
    yield action
    if operation == "get_object_attributes":
        yield "s3:GetObjectVersion" if has_version else "s3:GetObject"
    if operation in _WRITES:
        if "Tagging" in request:
            yield "s3:PutObjectTagging"
        if is_given(request):
            yield "s3:PutObjectAcl"
        if "ObjectLockMode" in request or "ObjectLockRetainUntilDate" in request:
            yield "s3:PutObjectRetention"
        if "ObjectLockLegalHoldStatus" in request:
            yield "s3:PutObjectLegalHold"
    if request.get("BypassGovernanceRetention"):
        yield "s3:BypassGovernanceRetention"


def _source(operation: str, text: str) -> tuple[str, str, str]:
    """Return bucket, key and version of a copy's source; the handler refuses what is malformed."""
    if text.startswith("arn:"):
        raise NotBuiltError("s3", operation, "an access point in x-amz-copy-source")
    path, _, version = text.partition("?versionId=")
    name, _, key = unquote(path).removeprefix("/").partition("/")
    return name, key, version


def _of_source(
    ctx: Context, operation: str, request: Mapping[str, Any], source: tuple[str, str, str]
) -> Sequence[Need]:
    name, key, version = source
    bucket = BUCKETS.get(ctx, name)
    asked = {"Bucket": name, "Key": key} | ({"VersionId": version} if version else {})
    found = list(_all(ctx, "get_object", asked, bucket))
    keeps_tags = operation == "copy_object" and request.get("TaggingDirective") != "REPLACE"
    if not found or bucket is None or not keeps_tags or not _tags(ctx, asked):
        return found
    found += _all(ctx, "get_object_tagging", asked, bucket)
    target = BUCKETS.get(ctx, request["Bucket"])
    if target is not None:
        found.append(_need(ctx, target, "s3:PutObjectTagging", request, True))
    return found


def _tags(ctx: Context, request: Mapping[str, Any]) -> Mapping[str, str]:
    found = _object(ctx, request)
    return {} if found is None else found.tags


def _object(ctx: Context, request: Mapping[str, Any]) -> StoredObject | None:
    """Return the object that a request is about, if it is there."""
    name, key, version = request["Bucket"], request["Key"], request.get("VersionId")
    objects = ctx.engines.objects
    if version is None:
        return objects.stat(ctx, name, key)
    if not is_version_id(version):
        return None
    return objects.versions.stat(ctx, name, key, "" if version == "null" else version)


# -- conditions --------------------------------------------------------------------------------

_LOCK_MODE, _LEGAL_HOLD = "s3:object-lock-mode", "s3:object-lock-legal-hold"
_MEMBERS = {
    "ACL": "s3:x-amz-acl",
    "BucketRegion": "s3:locationconstraint",
    "CopySource": "s3:x-amz-copy-source",
    "Delimiter": "s3:delimiter",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "MaxKeys": "s3:max-keys",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "ObjectLockLegalHoldStatus": _LEGAL_HOLD,
    "ObjectLockMode": _LOCK_MODE,
    "Prefix": "s3:prefix",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "StorageClass": "s3:x-amz-storage-class",
    "VersionId": "s3:versionid",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
}


def conditions(
    ctx: Context, operation: str, request: Mapping[str, Any]
) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys of S3 that a call has.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys
    """
    found: dict[str, str | tuple[str, ...]] = {}
    for member, key in _MEMBERS.items():
        value: Any = request.get(member)
        if value is not None:
            found[key] = str(value)
    configuration: Mapping[str, Any] = request.get("CreateBucketConfiguration") or {}
    constraint = configuration.get("LocationConstraint")
    if constraint:
        found["s3:locationconstraint"] = constraint
    found |= _lock_conditions(ctx, request)
    requested = _requested_tags(request)
    if requested:
        found["s3:requestobjecttagkeys"] = tuple(requested)
        found |= {f"s3:requestobjecttag/{name.lower()}": text for name, text in requested.items()}
    found |= signature_conditions(ctx)
    through = access_point_in(ctx)
    if through:
        found["s3:dataaccesspointarn"] = through
        found["s3:dataaccesspointaccount"] = through.split(":")[4]
        found["s3:accesspointnetworkorigin"] = "Internet"
    bucket = BUCKETS.get(ctx, request["Bucket"]) if "Bucket" in request else None
    if bucket is not None:
        found["s3:resourceaccount"] = bucket.account
        if "Key" in request and _asks_for_tags(ctx, bucket):
            tags = _tags(ctx, request)
            found |= {f"s3:existingobjecttag/{name.lower()}": text for name, text in tags.items()}
        if "Key" in request and _is_about_listing(ctx, bucket, operation, request):
            found["s3:prefix"] = request["Key"]
    return found


def _is_about_listing(
    ctx: Context, bucket: Bucket, operation: str, request: Mapping[str, Any]
) -> bool:
    """Tell whether a call is asked for ListBucket instead, since its object is not there."""
    if not bucket.rules or not rules_of(ctx, bucket).has_lists or operation in _WRITES:
        return False
    actions = {action.lower() for action in _actions(operation, request)}
    return not actions.isdisjoint(OF_OBJECTS) and _object(ctx, request) is None


def _lock_conditions(ctx: Context, request: Mapping[str, Any]) -> dict[str, str]:
    """Return what a call says of an object's lock: a write by headers, else by its document.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    """
    found: dict[str, str] = {}
    retention: Mapping[str, Any] = request.get("Retention") or {}
    if "Mode" in retention:
        found[_LOCK_MODE] = str(retention["Mode"])
    hold: Mapping[str, Any] = request.get("LegalHold") or {}
    if "Status" in hold:
        found[_LEGAL_HOLD] = str(hold["Status"])
    until = request.get("ObjectLockRetainUntilDate", retention.get("RetainUntilDate"))
    if until is not None:
        moment = datetime.fromtimestamp(until, UTC)
        found["s3:object-lock-retain-until-date"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        days = math.ceil((until - ctx.clock.now()) / 86_400)
        found["s3:object-lock-remaining-retention-days"] = str(days)
    return found


def _asks_for_tags(ctx: Context, bucket: Bucket) -> bool:
    """Tell whether a policy may ask for the object's tags: of users' policies nothing is known."""
    who = ctx.principal
    if not (who.is_root or who.is_anonymous):
        return True
    return bool(bucket.rules) and rules_of(ctx, bucket).asks_for_tags


def _requested_tags(request: Mapping[str, Any]) -> dict[str, str]:
    given: Any = request.get("Tagging") or {}
    if isinstance(given, str):
        return dict(parse_qsl(given, keep_blank_values=True))
    tags: Sequence[Mapping[str, str]] = given.get("TagSet") or ()
    return {one.get("Key", ""): one.get("Value", "") for one in tags}


# -- refusals ----------------------------------------------------------------------------------


def refusal(ctx: Context, decision: Decision) -> AwsError:
    """Return S3's answer to a call that is not allowed; to other accounts it says no more.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
    """
    need, who = decision.need, ctx.principal
    if need is None or who.is_anonymous or who.account != need.owner:
        return AwsError("AccessDenied", "Access Denied", 403)
    if need.resource == _ALL_BUCKETS:
        reason = decision.reason.replace(f" on resource: {_ALL_BUCKETS}", "", 1)
        return AwsError("AccessDenied", reason, 403)
    about = f"on resource: {need.resource}"
    quoted = f'on resource: "{need.resource}"'
    return AwsError("AccessDenied", decision.reason.replace(about, quoted, 1), 403)
