"""Who the caller is, by boto3."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize(
    ("access_key", "account"), [("test", "000000000000"), ("123456789012", "123456789012")]
)
def test_the_caller_is_the_root_of_its_account(lakebed, access_key, account):
    sts = lakebed.client("sts", aws_access_key_id=access_key, aws_secret_access_key="test")
    identity = sts.get_caller_identity()
    identity.pop("ResponseMetadata")
    assert identity == {
        "UserId": account,
        "Account": account,
        "Arn": f"arn:aws:iam::{account}:root",
    }


def test_an_unknown_key_is_refused(lakebed):
    sts = lakebed.client("sts", aws_access_key_id="AKIAUNKNOWN", aws_secret_access_key="x")
    with pytest.raises(ClientError) as refused:
        sts.get_caller_identity()
    assert refused.value.response["Error"]["Code"] == "InvalidClientTokenId"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
