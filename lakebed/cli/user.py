"""`lakebed user`: analysts with keys of their own, by IAM's operations."""

from __future__ import annotations

import argparse
import sys

from lakebed.cli.aws import ApiError, AwsClient, UnreachableError
from lakebed.cli.settings import Resolved
from lakebed.cli.tls import files_of, is_on

_MANAGED = "arn:aws:iam::aws:policy/"
_FOLDERS = ("", "service-role/", "job-function/")


def user(options: argparse.Namespace, resolved: Resolved) -> int:
    """Add, list or remove users; 1 if the server refuses or is not there."""
    try:
        client = AwsClient(resolved, options.endpoint_url or "")
        if options.action == "list":
            for one in client.query("iam", "ListUsers", {}).findall(".//{*}UserName"):
                print(one.text)
        elif not options.name:
            print(f"lakebed: user {options.action} needs a name", file=sys.stderr)
            return 2
        elif options.action == "add":
            _add(client, options, resolved)
        else:
            _remove(client, options.name)
    except (ApiError, UnreachableError) as error:
        print(f"lakebed: {error}", file=sys.stderr)
        return 1
    return 0


def _add(client: AwsClient, options: argparse.Namespace, resolved: Resolved) -> None:
    name: str = options.name
    client.query("iam", "CreateUser", {"UserName": name})
    try:
        for policy in options.policy:
            _attach(client, name, policy)
        for group in options.group:
            client.query("iam", "AddUserToGroup", {"UserName": name, "GroupName": group})
        key = client.query("iam", "CreateAccessKey", {"UserName": name})
    except ApiError:
        # A user without what was asked for is worse than none.
        _remove(client, name)
        raise
    lines = {
        "AWS_ENDPOINT_URL": client.url,
        "AWS_ACCESS_KEY_ID": key.findtext(".//{*}AccessKeyId"),
        "AWS_SECRET_ACCESS_KEY": key.findtext(".//{*}SecretAccessKey"),
        "AWS_DEFAULT_REGION": resolved.settings.region,
    }
    if is_on(resolved.settings):
        lines["AWS_CA_BUNDLE"] = str(files_of(resolved.settings).authority.absolute())
    print(f"# the keys of {name}: they are shown this once")
    for variable, value in lines.items():
        print(f"export {variable}='{value}'")
    if not options.policy and not options.group:
        print(f"# {name} may do nothing yet: give --policy or --group", file=sys.stderr)


def _attach(client: AwsClient, name: str, policy: str) -> None:
    """Attach a policy of an ARN, of AWS's of that name, or of the account's own."""
    arns = [policy]
    if not policy.startswith("arn:"):
        identity = client.query("sts", "GetCallerIdentity", {}, "2011-06-15")
        account = identity.findtext(".//{*}Account")
        arns = [f"{_MANAGED}{folder}{policy}" for folder in _FOLDERS]
        arns.append(f"arn:aws:iam::{account}:policy/{policy}")
    for arn in arns:
        try:
            client.query("iam", "AttachUserPolicy", {"UserName": name, "PolicyArn": arn})
            return
        except ApiError as error:
            if error.code != "NoSuchEntity" or arn == arns[-1]:
                raise


def _remove(client: AwsClient, name: str) -> None:
    """Delete a user with all that would keep it from being deleted."""
    held = {"UserName": name}
    for key in client.query("iam", "ListAccessKeys", held).findall(".//{*}AccessKeyId"):
        client.query("iam", "DeleteAccessKey", {**held, "AccessKeyId": key.text or ""})
    for arn in client.query("iam", "ListAttachedUserPolicies", held).findall(".//{*}PolicyArn"):
        client.query("iam", "DetachUserPolicy", {**held, "PolicyArn": arn.text or ""})
    for group in client.query("iam", "ListGroupsForUser", held).findall(".//{*}GroupName"):
        client.query("iam", "RemoveUserFromGroup", {**held, "GroupName": group.text or ""})
    inline = client.query("iam", "ListUserPolicies", held).find(".//{*}PolicyNames")
    for member in inline.findall(".//{*}member") if inline is not None else ():
        client.query("iam", "DeleteUserPolicy", {**held, "PolicyName": member.text or ""})
    client.query("iam", "DeleteUser", held)
