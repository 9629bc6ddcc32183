"""The targets of a crawler, checked when it is created or updated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import GLUE_SAMPLE_FILES_MAX
from lakebed.services.glue._crawler_role import role_context
from lakebed.services.glue._crawlers import TARGET_KINDS, invalid
from lakebed.services.glue.model import CONNECTIONS

MODULES = {
    "S3Targets": "_crawl_s3",
    "JdbcTargets": "_crawl_jdbc",
    "CatalogTargets": "_crawl_catalog_targets",
    "DeltaTargets": "_crawl_delta",
    "IcebergTargets": "_crawl_iceberg",
    "HudiTargets": "_crawl_hudi",
}
"""The module, beside this one, that crawls the targets of a kind; other kinds are not built."""

_PATHS = {"S3Targets": "Path", "DeltaTargets": "DeltaTables", "IcebergTargets": "Paths",
          "HudiTargets": "Paths"}  # fmt: skip


def check_targets(ctx: Context, operation: str, role: str, targets: Mapping[str, Any]) -> None:
    """Refuse targets that cannot be crawled; `role` is who would."""
    kinds = [kind for kind in TARGET_KINDS if targets.get(kind)]
    if not kinds:
        raise invalid("At least one crawler target has to be specified.")
    if "CatalogTargets" in kinds and len(kinds) > 1:
        raise invalid(
            "The crawler cannot have catalog targets mixed with other target types. Specify "
            "crawler targets that include only catalog, or only non-catalog targets"
        )
    buckets: dict[str, None] = {}
    for kind in kinds:
        if not is_built(kind):
            raise NotBuiltError("glue", operation, f"Targets.{kind}")
        for target in targets[kind]:
            _check_target(ctx, kind, target)
            buckets.update(dict.fromkeys(_buckets(kind, target)))
            if kind == "CatalogTargets":
                _check_tables(ctx, role, target)
    for bucket in buckets:
        _check_bucket(ctx, role, bucket)


def is_built(kind: str) -> bool:
    """Tell whether there is a module that crawls targets of this kind."""
    name = MODULES.get(kind)
    return name is not None and find_spec(f"{__package__}.{name}") is not None


def _check_target(ctx: Context, kind: str, target: Mapping[str, Any]) -> None:
    connection = target.get("ConnectionName")
    if connection and CONNECTIONS.get(ctx, connection) is None:
        # AWS's own sentence goes on after the colon with what the Data Catalog says.
        message = f"Connection {connection} not found."
        raise invalid(f"Unable to retrieve connection {connection}: {message}")
    if kind == "JdbcTargets" and not (connection and target.get("Path")):
        raise invalid("A JDBC target has to have a connection and a path.")
    if not 1 <= target.get("SampleSize", 1) <= GLUE_SAMPLE_FILES_MAX:
        raise invalid(f"SampleSize has to be between 1 and {GLUE_SAMPLE_FILES_MAX}.")
    if target.get("MaximumTraversalDepth", 1) < 1:
        raise invalid("MaximumTraversalDepth has to be at least 1.")


def _buckets(kind: str, target: Mapping[str, Any]) -> Sequence[str]:
    """Return the buckets of a target, whose paths have to be S3's."""
    member = _PATHS.get(kind)
    if member is None:
        return ()
    given = target.get(member) or ()
    paths: Sequence[str] = [given] if isinstance(given, str) else given
    if not paths:
        raise invalid(f"A target of {kind} has to have {member}.")
    found: list[str] = []
    for path in paths:
        scheme, _, rest = path.partition("://")
        bucket = rest.partition("/")[0]
        if scheme not in ("s3", "s3a", "s3n") or not bucket:
            raise invalid(f"{path} is not a path of Amazon S3 (s3://bucket/prefix/).")
        found.append(bucket)
    return found


def _check_bucket(ctx: Context, role: str, bucket: str) -> None:
    """Refuse a bucket that is not there, or that the role must not see, in AWS's words."""
    try:
        role_context(ctx, role).aws.s3.head_bucket({"Bucket": bucket})
    except AwsError as error:
        if error.status == 404:
            raise invalid(f"S3 bucket {bucket} does not exist.") from None
        raise invalid(
            f"Unable to validate existence of s3 target s3://{bucket} because: "
            f"{_said(error, 'Amazon S3')}"
        ) from None


def _check_tables(ctx: Context, role: str, target: Mapping[str, Any]) -> None:
    """Refuse tables of the catalog that are not there, or that the role must not see."""
    for table in target["Tables"]:
        names: Any = {"DatabaseName": target["DatabaseName"], "Name": table}
        try:
            role_context(ctx, role).aws.glue.get_table(names)
        except AwsError as error:
            raise invalid(_said(error, "AmazonDataCatalog")) from None


def _said(error: AwsError, service: str) -> str:
    """Return a refusal as AWS's SDK words it, which is how CreateCrawler passes it on."""
    status = f"Status Code: {error.status}"
    return f"{error.message} (Service: {service}; {status}; Error Code: {error.code})"
