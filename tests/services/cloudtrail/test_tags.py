"""Tags of trails by boto3."""

from __future__ import annotations

ARN = "arn:aws:cloudtrail:us-east-1:000000000000:trail/audit"


def test_tags_come_and_go(lakebed):
    lakebed.client("s3").create_bucket(Bucket="trail")
    trail = lakebed.client("cloudtrail")
    trail.create_trail(Name="audit", S3BucketName="trail", TagsList=[{"Key": "a", "Value": "1"}])
    trail.add_tags(
        ResourceId=ARN, TagsList=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}]
    )
    assert trail.list_tags(ResourceIdList=[ARN])["ResourceTagList"] == [{
        "ResourceId": ARN, "TagsList": [{"Key": "a", "Value": "3"}, {"Key": "b", "Value": "2"}],
    }]  # fmt: skip
    trail.remove_tags(ResourceId=ARN, TagsList=[{"Key": "a"}, {"Key": "none"}])
    assert trail.list_tags(ResourceIdList=[ARN])["ResourceTagList"][0]["TagsList"] == [
        {"Key": "b", "Value": "2"}
    ]
