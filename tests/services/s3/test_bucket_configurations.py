from __future__ import annotations

import pytest

from tests.services.s3.answers import answer, refusal


@pytest.mark.parametrize("kind", ["analytics", "inventory", "metrics", "intelligent_tiering"])
def test_a_bucket_has_no_configuration_of_a_kind(lakebed, kind):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="lake")
    found = answer(getattr(s3, f"list_bucket_{kind}_configurations")(Bucket="lake"))
    assert found == {"IsTruncated": False}
    missing = (
        404,
        {
            "Code": "NoSuchConfiguration",
            "Message": "The specified configuration does not exist.",
        },
    )
    for verb in ("get", "delete"):
        operation = getattr(s3, f"{verb}_bucket_{kind}_configuration")
        assert refusal(operation, Bucket="lake", Id="one") == missing
    put = getattr(s3, f"list_bucket_{kind}_configurations")
    assert refusal(put, Bucket="nowhere")[1]["Code"] == "NoSuchBucket"
