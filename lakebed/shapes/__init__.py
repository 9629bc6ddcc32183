"""Generated types of the operations in use: typing only, never imported at run time."""

from __future__ import annotations

import typing as t

from lakebed.shapes.athena import Athena
from lakebed.shapes.cloudtrail import Cloudtrail
from lakebed.shapes.cloudwatch import Cloudwatch
from lakebed.shapes.events import Events
from lakebed.shapes.firehose import Firehose
from lakebed.shapes.glue import Glue
from lakebed.shapes.glue_iceberg import GlueIceberg
from lakebed.shapes.iam import Iam
from lakebed.shapes.kinesis import Kinesis
from lakebed.shapes.kms import Kms
from lakebed.shapes.logs import Logs
from lakebed.shapes.s3 import S3
from lakebed.shapes.s3control import S3Control
from lakebed.shapes.secretsmanager import Secretsmanager
from lakebed.shapes.ssm import Ssm
from lakebed.shapes.sts import Sts


class Aws(t.Protocol):
    """What a handler calls other services by: one attribute a service."""

    @property
    def athena(self) -> Athena:
        """The operations of athena."""
        ...

    @property
    def cloudtrail(self) -> Cloudtrail:
        """The operations of cloudtrail."""
        ...

    @property
    def cloudwatch(self) -> Cloudwatch:
        """The operations of cloudwatch."""
        ...

    @property
    def events(self) -> Events:
        """The operations of events."""
        ...

    @property
    def firehose(self) -> Firehose:
        """The operations of firehose."""
        ...

    @property
    def glue(self) -> Glue:
        """The operations of glue."""
        ...

    @property
    def glue_iceberg(self) -> GlueIceberg:
        """The operations of glue_iceberg."""
        ...

    @property
    def iam(self) -> Iam:
        """The operations of iam."""
        ...

    @property
    def kinesis(self) -> Kinesis:
        """The operations of kinesis."""
        ...

    @property
    def kms(self) -> Kms:
        """The operations of kms."""
        ...

    @property
    def logs(self) -> Logs:
        """The operations of logs."""
        ...

    @property
    def s3(self) -> S3:
        """The operations of s3."""
        ...

    @property
    def s3control(self) -> S3Control:
        """The operations of s3control."""
        ...

    @property
    def secretsmanager(self) -> Secretsmanager:
        """The operations of secretsmanager."""
        ...

    @property
    def ssm(self) -> Ssm:
        """The operations of ssm."""
        ...

    @property
    def sts(self) -> Sts:
        """The operations of sts."""
        ...
