"""Access keys, by boto3."""

from __future__ import annotations

from tests.kept import holding
from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import whole


def test_a_secret_is_shown_once(iam, lakebed):
    iam.create_user(UserName="ann")
    made = iam.create_access_key(UserName="ann")
    secret = made["AccessKey"]["SecretAccessKey"]
    shown = {"UserName": "ann", "AccessKeyId": "AKIA", "Status": "Active", "CreateDate": "TIME"}
    assert len(secret) == 40
    assert whole(made) == {"AccessKey": {**shown, "SecretAccessKey": secret}}
    assert whole(iam.list_access_keys(UserName="ann")) == {
        "AccessKeyMetadata": [shown], "IsTruncated": False,
    }  # fmt: skip
    assert holding(lakebed.data_dir, secret.encode()) == []


def test_a_user_has_two_keys_at_most(iam):
    iam.create_user(UserName="ann")
    for _ in range(2):
        iam.create_access_key(UserName="ann")
    assert error_of(lambda: iam.create_access_key(UserName="ann")) == (
        "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409,
    )  # fmt: skip


def test_a_key_of_another_user_is_not_found(iam):
    for name in ("ann", "bob"):
        iam.create_user(UserName=name)
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    missing = ("NoSuchEntity", f"The Access Key with id {key} cannot be found.", 404)
    assert error_of(lambda: iam.delete_access_key(UserName="bob", AccessKeyId=key)) == missing
    change = {"UserName": "bob", "AccessKeyId": key, "Status": "Inactive"}
    assert error_of(lambda: iam.update_access_key(**change)) == missing
    iam.update_access_key(**{**change, "UserName": "ann"})
    assert iam.list_access_keys(UserName="ann")["AccessKeyMetadata"][0]["Status"] == "Inactive"


def test_a_key_tells_when_where_and_for_what_it_was_used(iam, lakebed):
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    id = key["AccessKeyId"]
    never = {"UserName": "ann", "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
    assert whole(iam.get_access_key_last_used(AccessKeyId=id)) == never
    lakebed.client(
        "sts", aws_access_key_id=id, aws_secret_access_key=key["SecretAccessKey"],
        region_name="eu-west-1",
    ).get_caller_identity()  # fmt: skip
    assert whole(iam.get_access_key_last_used(AccessKeyId=id))["AccessKeyLastUsed"] == {
        "LastUsedDate": "TIME", "ServiceName": "sts", "Region": "eu-west-1",
    }  # fmt: skip
    code, _, status = error_of(lambda: iam.get_access_key_last_used(AccessKeyId="A" * 20))
    assert (code, status) == ("AccessDenied", 403)
