"""Whose an access key is, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import body, error_of


def test_the_account_of_a_key_is_told(strict, user):
    key = user("ann")["aws_access_key_id"]
    other = strict.client("sts", aws_access_key_id="1" * 12, aws_secret_access_key="test")
    assert body(other.get_access_key_info(AccessKeyId=key)) == {"Account": "000000000000"}
    session = strict.client("sts").get_session_token()["Credentials"]["AccessKeyId"]
    assert body(other.get_access_key_info(AccessKeyId=session)) == {"Account": "000000000000"}
    unknown = error_of(lambda: other.get_access_key_info(AccessKeyId="AKIAUNKNOWNUNKNOWN"))
    assert unknown[0] == "ValidationError"
