"""Access points: names with policies of their own under which a bucket is reached.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points.html
S3 Control writes them and S3 reads them, which know nothing of each other.
"""

from __future__ import annotations

import msgspec

from lakebed.govern.public_access import BLOCKS
from lakebed.store import Range, Scope, Table


class AccessPoint(msgspec.Struct, frozen=True):
    """An access point; `policy` is its text, empty for none, `blocks` those that hold."""

    account: str
    region: str
    name: str
    bucket: str
    alias: str
    created: float
    policy: str = ""
    blocks: tuple[str, ...] = BLOCKS

    @property
    def arn(self) -> str:
        """The ARN by which it is named in place of a bucket."""
        return f"arn:aws:s3:{self.region}:{self.account}:accesspoint/{self.name}"


ACCESS_POINTS = Table(
    "s3_access_point",
    AccessPoint,
    key=("account", "region", "name"),
    indexes={"by_alias": ("alias",), "by_bucket": ("bucket",), "by_name": ("account", "name")},
    everywhere=True,
)


def access_point_named(scope: Scope, text: str) -> AccessPoint | None:
    """Return an access point by its alias, or by name and account as hosts have them."""
    spans = [Range(prefix=(text,), index="by_alias")]
    name, _, account = text.rpartition("-")
    if name:
        spans.append(Range(prefix=(account, name), index="by_name"))
    for span in spans:
        for found in ACCESS_POINTS.scan(scope, span):
            return found
    return None


def access_point_of(scope: Scope, arn: str) -> AccessPoint | None:
    """Return an access point by its ARN."""
    _, _, _, region, account, rest = arn.split(":", 5)
    return ACCESS_POINTS.get(scope, account, region, rest.partition("/")[2])
