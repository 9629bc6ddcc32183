"""Which buckets a job may take for folders."""

from __future__ import annotations

import asyncio

import pytest

from lakebed.core.errors import AwsError
from lakebed.services.glue._job_folders import plain_buckets


class Buckets:
    """A caller of S3 that knows what each bucket is set to, by operation."""

    def __init__(self, **settings):
        self.settings = settings
        self.aws = self
        self.s3 = self

    async def call(self, service, operation, request):
        assert (service, operation, request) == ("s3", "list_buckets", {})
        return {"Buckets": [{"Name": name} for name in self.settings]}

    async def write(self, work):
        return work(self)

    def __getattr__(self, operation):
        return lambda request: self.said(operation, request["Bucket"])

    def said(self, operation, bucket):
        found = self.settings[bucket].get(operation)
        if found is None and operation == "get_bucket_encryption":
            raise AwsError("ServerSideEncryptionConfigurationNotFoundError", "none")
        if isinstance(found, AwsError):
            raise found
        return found or {}


@pytest.mark.parametrize(
    "setting",
    [
        {"get_bucket_versioning": {"Status": "Enabled"}},
        {"get_bucket_versioning": {"Status": "Suspended"}},
        {"get_bucket_encryption": {"ServerSideEncryptionConfiguration": {"Rules": [{}]}}},
        {"get_bucket_notification_configuration": {"EventBridgeConfiguration": {}}},
        {"get_bucket_versioning": AwsError("AccessDenied", "no")},
    ],
)
def test_a_bucket_of_which_more_than_files_matters_is_no_folder(setting):
    buckets = Buckets(plain={}, other=setting)
    assert asyncio.run(plain_buckets(buckets)) == ["plain"]
