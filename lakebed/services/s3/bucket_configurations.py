"""Analytics, inventory, metrics and intelligent tiering of buckets: none can be set up here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.s3.model import bucket_of

if TYPE_CHECKING:
    from lakebed.shapes import s3


def _none(ctx: Context, request: Mapping[str, Any]) -> AwsError:
    bucket_of(ctx, request)
    return AwsError("NoSuchConfiguration", "The specified configuration does not exist.", 404)


def list_bucket_analytics_configurations(
    ctx: Context, request: s3.ListBucketAnalyticsConfigurationsRequest
) -> s3.ListBucketAnalyticsConfigurationsOutput:
    """List the analytics configurations of a bucket: none.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketAnalyticsConfigurations.html
    """
    bucket_of(ctx, request)
    return {"IsTruncated": False}


def get_bucket_analytics_configuration(
    ctx: Context, request: s3.GetBucketAnalyticsConfigurationRequest
) -> s3.GetBucketAnalyticsConfigurationOutput:
    """Return one analytics configuration of a bucket: it is not there.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAnalyticsConfiguration.html
    """
    raise _none(ctx, request)


def delete_bucket_analytics_configuration(
    ctx: Context, request: s3.DeleteBucketAnalyticsConfigurationRequest
) -> s3.DeleteBucketAnalyticsConfigurationResponse:
    """Delete one analytics configuration of a bucket: it is not there.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketAnalyticsConfiguration.html
    """
    raise _none(ctx, request)


def list_bucket_inventory_configurations(
    ctx: Context, request: s3.ListBucketInventoryConfigurationsRequest
) -> s3.ListBucketInventoryConfigurationsOutput:
    """List the inventory configurations of a bucket: none.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketInventoryConfigurations.html
    """
    bucket_of(ctx, request)
    return {"IsTruncated": False}


def get_bucket_inventory_configuration(
    ctx: Context, request: s3.GetBucketInventoryConfigurationRequest
) -> s3.GetBucketInventoryConfigurationOutput:
    """Return one inventory configuration of a bucket: it is not there.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketInventoryConfiguration.html
    """
    raise _none(ctx, request)


def delete_bucket_inventory_configuration(
    ctx: Context, request: s3.DeleteBucketInventoryConfigurationRequest
) -> s3.DeleteBucketInventoryConfigurationResponse:
    """Delete one inventory configuration of a bucket: it is not there.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketInventoryConfiguration.html
    """
    raise _none(ctx, request)


def list_bucket_metrics_configurations(
    ctx: Context, request: s3.ListBucketMetricsConfigurationsRequest
) -> s3.ListBucketMetricsConfigurationsOutput:
    """List the metrics configurations of a bucket: none.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketMetricsConfigurations.html
    """
    bucket_of(ctx, request)
    return {"IsTruncated": False}


def get_bucket_metrics_configuration(
    ctx: Context, request: s3.GetBucketMetricsConfigurationRequest
) -> s3.GetBucketMetricsConfigurationOutput:
    """Return one metrics configuration of a bucket: it is not there.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketMetricsConfiguration.html
    """
    raise _none(ctx, request)


def delete_bucket_metrics_configuration(
    ctx: Context, request: s3.DeleteBucketMetricsConfigurationRequest
) -> s3.DeleteBucketMetricsConfigurationResponse:
    """Delete one metrics configuration of a bucket: it is not there.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketMetricsConfiguration.html
    """
    raise _none(ctx, request)


def list_bucket_intelligent_tiering_configurations(
    ctx: Context, request: s3.ListBucketIntelligentTieringConfigurationsRequest
) -> s3.ListBucketIntelligentTieringConfigurationsOutput:
    """List the intelligent tiering configurations of a bucket: none.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketIntelligentTieringConfigurations.html
    """
    bucket_of(ctx, request)
    return {"IsTruncated": False}


def get_bucket_intelligent_tiering_configuration(
    ctx: Context, request: s3.GetBucketIntelligentTieringConfigurationRequest
) -> s3.GetBucketIntelligentTieringConfigurationOutput:
    """Return one intelligent tiering configuration of a bucket: it is not there.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketIntelligentTieringConfiguration.html
    """
    raise _none(ctx, request)


def delete_bucket_intelligent_tiering_configuration(
    ctx: Context, request: s3.DeleteBucketIntelligentTieringConfigurationRequest
) -> s3.DeleteBucketIntelligentTieringConfigurationResponse:
    """Delete one intelligent tiering configuration of a bucket: it is not there.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketIntelligentTieringConfiguration.html
    """
    raise _none(ctx, request)
