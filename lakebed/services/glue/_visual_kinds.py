"""The kinds of nodes that visual jobs are made of, and what of them runs here.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-visual-job-api.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

SOURCE = "source"
TRANSFORM = "transform"
TARGET = "target"


class Kind(msgspec.Struct, frozen=True):
    """What a kind is, how many inputs it has, and what is missing here to run it, if anything.

    One that gives a collection of frames is followed by SelectFromCollection or CustomCode.
    """

    role: str
    inputs_min: int
    inputs_max: int | None
    missing: str = ""
    gives_collection: bool = False


_ANY = None
_MARKET = "connectors of AWS Marketplace and custom connectors"
_REDSHIFT, _SNOWFLAKE = "the Amazon Redshift connector", "the Snowflake connector"
_KINESIS, _KAFKA = "streaming from Amazon Kinesis", "streaming from Apache Kafka"
_DYNAMODB, _GOVERNED = "the Amazon DynamoDB connector", "governed tables, which AWS has ended"
_ORACLE, _SQL_SERVER = "a JDBC driver for Oracle", "a JDBC driver for Microsoft SQL Server"
_QUALITY = "AWS Glue Data Quality"


def _sources(missing: str, *names: str) -> dict[str, Kind]:
    return {name: Kind(SOURCE, 0, 0, missing) for name in names}


def _targets(missing: str, *names: str) -> dict[str, Kind]:
    return {name: Kind(TARGET, 1, 1, missing) for name in names}


def _transforms(missing: str, *names: str) -> dict[str, Kind]:
    return {name: Kind(TRANSFORM, 1, 1, missing) for name in names}


KINDS: Mapping[str, Kind] = {
    **_sources(
        "", "CatalogSource", "S3CatalogSource", "S3CsvSource", "S3JsonSource", "S3ParquetSource",
        "RelationalCatalogSource", "MySQLCatalogSource", "PostgreSQLCatalogSource",
        "DirectJDBCSource", "S3DeltaSource", "S3CatalogDeltaSource", "CatalogDeltaSource",
        "S3CatalogIcebergSource", "CatalogIcebergSource", "S3HudiSource", "S3CatalogHudiSource",
        "CatalogHudiSource",
    ),
    **_sources(_MARKET, "AthenaConnectorSource", "JDBCConnectorSource", "SparkConnectorSource"),
    **_sources("connectors of SaaS applications", "ConnectorDataSource"),
    **_sources(_REDSHIFT, "RedshiftSource", "AmazonRedshiftSource"),
    **_sources(_SNOWFLAKE, "SnowflakeSource"),
    **_sources(_DYNAMODB, "DynamoDBCatalogSource", "DynamoDBELTConnectorSource"),
    **_sources(_KINESIS, "DirectKinesisSource", "CatalogKinesisSource"),
    **_sources(_KAFKA, "DirectKafkaSource", "CatalogKafkaSource"),
    **_sources(_GOVERNED, "GovernedCatalogSource"),
    **_sources(_ORACLE, "OracleSQLCatalogSource"),
    **_sources(_SQL_SERVER, "MicrosoftSQLServerCatalogSource"),
    **_sources("a reader of Microsoft Excel's files", "S3ExcelSource"),
    **_transforms(
        "", "ApplyMapping", "SelectFields", "DropFields", "RenameField", "Spigot",
        "SelectFromCollection", "Filter", "DropNullFields", "Aggregate", "DropDuplicates",
    ),
    "Join": Kind(TRANSFORM, 2, 2),
    "Merge": Kind(TRANSFORM, 2, 2),
    "Union": Kind(TRANSFORM, 2, 2),
    "SparkSQL": Kind(TRANSFORM, 1, _ANY),
    "CustomCode": Kind(TRANSFORM, 1, _ANY, gives_collection=True),
    "SplitFields": Kind(TRANSFORM, 1, 1, gives_collection=True),
    "Route": Kind(TRANSFORM, 1, 1, gives_collection=True),
    **_transforms("the machine learning transform FillMissingValues", "FillMissingValues"),
    **_transforms("the detection of sensitive data", "PIIDetection"),
    **_transforms("custom visual transforms of a file", "DynamicTransform"),
    **_transforms(_QUALITY, "EvaluateDataQuality"),
    "EvaluateDataQualityMultiFrame": Kind(TRANSFORM, 1, _ANY, _QUALITY),
    **_transforms("recipes of AWS Glue DataBrew", "Recipe"),
    **_targets(
        "", "CatalogTarget", "S3CatalogTarget", "S3DirectTarget", "S3GlueParquetTarget",
        "MySQLCatalogTarget", "PostgreSQLCatalogTarget", "S3DeltaDirectTarget",
        "S3DeltaCatalogTarget", "S3HudiDirectTarget", "S3HudiCatalogTarget",
        "S3IcebergDirectTarget", "S3IcebergCatalogTarget",
    ),
    **_targets(_MARKET, "JDBCConnectorTarget", "SparkConnectorTarget"),
    **_targets("connectors of SaaS applications", "ConnectorDataTarget"),
    **_targets(_REDSHIFT, "RedshiftTarget", "AmazonRedshiftTarget"),
    **_targets(_SNOWFLAKE, "SnowflakeTarget"),
    **_targets(_GOVERNED, "GovernedCatalogTarget"),
    **_targets(_ORACLE, "OracleSQLCatalogTarget"),
    **_targets(_SQL_SERVER, "MicrosoftSQLServerCatalogTarget"),
    **_targets("a writer of Tableau's Hyper files", "S3HyperDirectTarget"),
}  # fmt: skip
"""All kinds of the model, by their names."""
