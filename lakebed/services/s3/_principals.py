"""Whether those whom a bucket's policy names exist.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-bucket-user-policy-specifying-principal-intro.html
Accounts are not made here, so any twelve digits are one; their users and roles are looked up.
"""

from __future__ import annotations

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern.identities import ROLES, USERS
from lakebed.govern.policies import Policy


def check_principals(ctx: Context, policy: Policy) -> None:
    """Refuse a policy that names a user or a role that is not there."""
    for statement in policy.statements:
        for name in (statement.principals or {}).get("AWS", ()):
            if name.startswith("arn:") and not _exists(ctx, name):
                raise AwsError("MalformedPolicy", "Invalid principal in policy", 400)


def _exists(ctx: Context, arn: str) -> bool:
    account, _, rest = arn.split(":", 4)[4].partition(":")
    kind, _, path = rest.partition("/")
    name = path.rpartition("/")[2]
    if kind == "user":
        user = USERS.get(ctx, account, name)
        return user is not None and f"{user.path}{name}" == f"/{path}"
    if kind == "role":
        role = ROLES.get(ctx, account, name)
        return role is not None and f"{role.path}{name}" == f"/{path}"
    if kind == "assumed-role":
        return ROLES.get(ctx, account, path.partition("/")[0]) is not None
    # The root, and whoever a session was made for under another name.
    return True
