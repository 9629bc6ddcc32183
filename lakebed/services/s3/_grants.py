"""Access lists of buckets and objects: read from requests, shown, and turned into statements.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
A canonical user is an account here, named by its twelve digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import ACL_GRANTS_MAX
from lakebed.govern import conditions, patterns
from lakebed.govern.policies import Patterns, Statement
from lakebed.services.s3.model import invalid_argument, malformed_xml

Grants = tuple[tuple[str, str], ...]
"""Who is granted (an account's number, or a group's URI) what, in the order in which it was put."""

_GROUPS = "http://acs.amazonaws.com/groups/"
ALL_USERS = f"{_GROUPS}global/AllUsers"
AUTHENTICATED_USERS = f"{_GROUPS}global/AuthenticatedUsers"
LOG_DELIVERY = f"{_GROUPS}s3/LogDelivery"
NOBODY = "65a011a29cdf8ec533ec3d1ccaae921c"
"""The canonical user of whoever signs nothing; AWS's, remembered."""
FULL_CONTROL = "FULL_CONTROL"
HEADERS = {
    "GrantFullControl": FULL_CONTROL,
    "GrantRead": "READ",
    "GrantReadACP": "READ_ACP",
    "GrantWrite": "WRITE",
    "GrantWriteACP": "WRITE_ACP",
}
_PUBLIC = frozenset({ALL_USERS, AUTHENTICATED_USERS})
_CANNED: Mapping[str, Grants] = {
    "private": (),
    "public-read": ((ALL_USERS, "READ"),),
    "public-read-write": ((ALL_USERS, "READ"), (ALL_USERS, "WRITE")),
    "authenticated-read": ((AUTHENTICATED_USERS, "READ"),),
    "log-delivery-write": ((LOG_DELIVERY, "WRITE"), (LOG_DELIVERY, "READ_ACP")),
}
_OF_BUCKET_OWNER = {"bucket-owner-read": "READ", "bucket-owner-full-control": FULL_CONTROL}
_HEADER = re.compile(r'\s*(\w+)\s*=\s*(?:"([^"]*)"|([^",\s]*))\s*')


def is_given(request: Mapping[str, Any]) -> bool:
    """Tell whether a request says an access list by header."""
    return "ACL" in request or any(name in request for name in HEADERS)


def grants_of(request: Mapping[str, Any], operation: str, owner: str, bucket_owner: str) -> Grants:
    """Return the access list that the headers of a request say; its owner's alone if they do not.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
    """
    headers = [name for name in HEADERS if name in request]
    canned: str | None = request.get("ACL")
    if canned is not None and headers:
        message = "Specifying both Canned ACLs and Header Grants is not allowed"
        raise AwsError("InvalidRequest", message, 400)
    if headers:
        found = [
            (_grantee(kind, value), HEADERS[name])
            for name in headers
            for kind, value in _pairs(name, request[name])
        ]
        return tuple(dict.fromkeys(found))
    return ((owner, FULL_CONTROL), *_canned(canned or "private", operation, owner, bucket_owner))


def _canned(name: str, operation: str, owner: str, bucket_owner: str) -> Grants:
    if name in _OF_BUCKET_OWNER and "Bucket" not in operation:
        same = owner == bucket_owner
        return () if same else ((bucket_owner, _OF_BUCKET_OWNER[name]),)
    if name in _OF_BUCKET_OWNER:
        # S3 ignores these of a bucket.
        return ()
    if name == "aws-exec-read":
        raise NotBuiltError("s3", operation, f"ACL {name}")
    if name not in _CANNED:
        raise invalid_argument("", "x-amz-acl", name)
    return _CANNED[name]


def _pairs(name: str, header: str) -> Iterable[tuple[str, str]]:
    """Yield the grantees of a grant header: `id="…", uri="…"`."""
    found: list[tuple[str, str]] = []
    at = 0
    while True:
        match = _HEADER.match(header, at)
        if match is None:
            argument = f"x-amz-grant-{HEADERS[name].lower().replace('_', '-')}"
            raise invalid_argument("Argument format not recognized", argument, header)
        found.append((match[1].lower(), match[2] if match[2] is not None else match[3]))
        at = match.end()
        if at == len(header):
            return found
        at += 1 if header[at] == "," else 0


def _grantee(kind: str, value: str) -> str:
    if kind in ("emailaddress", "amazoncustomerbyemail"):
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html
        message = "The specified method is not allowed against this resource."
        raise AwsError("MethodNotAllowed", message, 405)
    if kind in ("uri", "group"):
        if value not in (*_PUBLIC, LOG_DELIVERY):
            raise invalid_argument("Invalid group uri", "uri", value)
        return value
    if kind in ("id", "canonicaluser"):
        if value != NOBODY and not re.fullmatch(r"[0-9]{12}", value):
            raise invalid_argument("Invalid id", "CanonicalUser/ID", value)
        return value
    raise invalid_argument("Argument format not recognized", kind, value)


def grants_in(document: Mapping[str, Any]) -> Grants:
    """Return the access list of an AccessControlPolicy."""
    given = document.get("Grants")
    if given is None or "ID" not in document.get("Owner", {}):
        raise malformed_xml()
    if len(given) > ACL_GRANTS_MAX:
        message = "The XML you provided was not well-formed or did not validate against our "
        raise AwsError("MalformedACLError", f"{message}published schema", 400)
    return tuple(dict.fromkeys(map(_grant_in, given)))


def _grant_in(given: Mapping[str, Any]) -> tuple[str, str]:
    grantee: Mapping[str, str] = given.get("Grantee", {})
    permission = given.get("Permission")
    named = {"CanonicalUser": "ID", "Group": "URI", "AmazonCustomerByEmail": "EmailAddress"}
    member = named.get(grantee.get("Type", ""), "")
    if member not in grantee or permission not in HEADERS.values():
        raise malformed_xml()
    return _grantee(grantee["Type"].lower(), grantee[member]), str(permission)


def shown(owner: str, grants: Grants) -> dict[str, Any]:
    """Return an access list as S3 shows it."""
    return {
        "Owner": {"ID": owner},
        "Grants": [
            {"Grantee": _shown_grantee(grantee), "Permission": permission}
            for grantee, permission in grants
        ],
    }


def _shown_grantee(grantee: str) -> dict[str, str]:
    if grantee.startswith(_GROUPS):
        return {"Type": "Group", "URI": grantee}
    return {"ID": grantee, "Type": "CanonicalUser"}


def is_public(grants: Grants) -> bool:
    """Tell whether an access list lets in whoever comes, or whoever has an account."""
    return any(grantee in _PUBLIC for grantee, _ in grants)


def is_owners(owner: str, grants: Grants) -> bool:
    """Tell whether an access list lets in its owner only."""
    return all(grantee == owner for grantee, _ in grants)


# -- statements ----------------------------------------------------------------------------------

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping
_OF_BUCKET = {
    "READ": ("s3:listbucket", "s3:listbucketversions", "s3:listbucketmultipartuploads"),
    # Who may write may say the access list of what is written, too.
    "WRITE": ("s3:putobject", "s3:putobjectacl", "s3:putobjecttagging"),
    "READ_ACP": ("s3:getbucketacl",),
    "WRITE_ACP": ("s3:putbucketacl",),
}
_OF_OBJECT = {
    "READ": ("s3:getobject", "s3:getobjectversion", "s3:getobjecttorrent"),
    "WRITE": (),
    "READ_ACP": ("s3:getobjectacl", "s3:getobjectversionacl"),
    "WRITE_ACP": ("s3:putobjectacl", "s3:putobjectversionacl"),
}
OF_OBJECTS = frozenset(action for actions in _OF_OBJECT.values() for action in actions)
"""Actions on an object that its own access list decides; those of its bucket decide others."""
OF_UPLOADS = frozenset({"s3:abortmultipartupload", "s3:listmultipartuploadparts"})
"""Actions on an upload that who began it may do."""
_SIGNED = tuple(conditions.parsed({"Null": {"aws:PrincipalArn": "false"}}, variables=False))


@lru_cache(maxsize=4096)
def statements_of(grants: Grants, *, is_bucket: bool, no_public: bool) -> tuple[Statement, ...]:
    """Return an access list as statements of a policy; with `no_public` without its groups'."""
    return tuple(
        _statement(number, grantee, permission, _OF_BUCKET if is_bucket else _OF_OBJECT)
        for number, (grantee, permission) in enumerate(grants)
        if grantee != LOG_DELIVERY and not (no_public and grantee in _PUBLIC)
    )


@lru_cache(maxsize=1024)
def statement_of_initiator(account: str) -> Statement:
    """Return what whoever began an upload may do with it, unless a policy denies it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
    """
    actions = Patterns.of(tuple(OF_UPLOADS), patterns.wildcard, False, False)
    found = _statement(0, account, "WRITE", _OF_BUCKET)
    return msgspec.structs.replace(found, sid="initiator of the upload", actions=actions)


def _statement(
    number: int, grantee: str, permission: str, table: Mapping[str, tuple[str, ...]]
) -> Statement:
    names = table.values() if permission == FULL_CONTROL else (table[permission],)
    actions = tuple(name for many in names for name in many)
    is_group = grantee in _PUBLIC
    return Statement(
        sid=f"access list, grant {number + 1}",
        number=number,
        is_allow=True,
        actions=Patterns.of(actions, patterns.wildcard, False, False),
        resources=None,
        principals={"AWS": ("*",) if is_group else (grantee,)},
        not_principals=False,
        conditions=_SIGNED if grantee == AUTHENTICATED_USERS else (),
    )
