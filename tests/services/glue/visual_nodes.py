"""A node of every kind that runs here, as CodeGenConfigurationNodes give it."""

from __future__ import annotations

from typing import Any

CSV = {
    "Name": "Orders",
    "Paths": ["s3://lake/orders/"],
    "Separator": "comma",
    "QuoteChar": "quote",
    "WithHeader": True,
    "Recurse": True,
}
CATALOG = {"Name": "Table", "Database": "shop", "Table": "people"}
EQUAL = {
    "Operation": "EQ",
    "Values": [
        {"Type": "COLUMNEXTRACTED", "Value": ["kind"]},
        {"Type": "CONSTANT", "Value": ["a"]},
    ],
}
MATCHES = {
    "Operation": "REGEX",
    "Negated": True,
    "Values": [
        {"Type": "COLUMNEXTRACTED", "Value": ["who", "name"]},
        {"Type": "CONSTANT", "Value": ['^"x"\\d']},
    ],
}
IS_NULL = {"Operation": "ISNULL", "Values": [{"Type": "COLUMNEXTRACTED", "Value": ["n"]}]}
UPDATES = {
    "EnableUpdateCatalog": True, "UpdateBehavior": "UPDATE_IN_DATABASE",
    "Database": "shop", "Table": "out",
}  # fmt: skip
KEYED = {"hoodie.datasource.write.recordkey.field": "id"}

SOURCES: dict[str, dict[str, Any]] = {
    "S3CsvSource": {**CSV, "Escaper": "\\", "Multiline": True, "SkipFirst": True,
                    "OptimizePerformance": True, "Exclusions": ["s3://lake/orders/_*"],
                    "AdditionalOptions": {"BoundedFiles": 3, "BoundedSize": 9}},
    "S3JsonSource": {"Name": "J", "Paths": ["s3://lake/j/"], "JsonPath": "$.a",
                     "CompressionType": "gzip", "GroupFiles": "inPartition",
                     "GroupSize": "1048576"},
    "S3ParquetSource": {"Name": "P", "Paths": ["s3://lake/p/"], "CompressionType": "snappy"},
    "S3CatalogSource": {**CATALOG, "PartitionPredicate": "day > '2020'",
                        "AdditionalOptions": {"BoundedFiles": 1}},
    "CatalogSource": CATALOG,
    "RelationalCatalogSource": CATALOG,
    "MySQLCatalogSource": CATALOG,
    "PostgreSQLCatalogSource": CATALOG,
    "DirectJDBCSource": {"Name": "D", "Database": "shop", "Table": "public.orders",
                         "ConnectionName": "c", "ConnectionType": "postgresql"},
    "S3DeltaSource": {"Name": "Delta", "Paths": ["s3://lake/d/"],
                      "AdditionalDeltaOptions": {"versionAsOf": "1"}},
    "S3CatalogDeltaSource": {**CATALOG, "AdditionalDeltaOptions": {"versionAsOf": "1"}},
    "CatalogDeltaSource": CATALOG,
    "S3HudiSource": {"Name": "Hudi", "Paths": ["s3://lake/h/"],
                     "AdditionalHudiOptions": {"as.of.instant": "2026"}},
    "S3CatalogHudiSource": {**CATALOG, "AdditionalHudiOptions": {"as.of.instant": "2026"}},
    "CatalogHudiSource": CATALOG,
    "S3CatalogIcebergSource": {**CATALOG, "AdditionalIcebergOptions": {"snapshot-id": "1"}},
    "CatalogIcebergSource": CATALOG,
}  # fmt: skip
TRANSFORMS: dict[str, dict[str, Any]] = {
    "ApplyMapping": {"Mapping": [
        {"ToKey": "id", "FromPath": ["n"], "FromType": "string", "ToType": "int"},
        {"ToKey": "x", "FromPath": ["x"], "Dropped": True},
        {"ToKey": "who", "Children": [
            {"ToKey": "name", "FromPath": ["a.b", "c"], "FromType": "string"}]},
    ]},
    "SelectFields": {"Paths": [["kind"], ["who", "name"]]},
    "DropFields": {"Paths": [["kind"]]},
    "RenameField": {"SourcePath": ["n"], "TargetPath": ["m"]},
    "Spigot": {"Path": "s3://lake/spigot/", "Topk": 3, "Prob": 0.5},
    "SplitFields": {"Paths": [["kind"]]},
    "Filter": {"LogicalOperator": "OR", "Filters": [EQUAL, MATCHES, IS_NULL]},
    "Route": {"GroupFiltersList": [
        {"GroupName": "a's", "LogicalOperator": "AND", "Filters": [EQUAL]},
        {"GroupName": "none", "LogicalOperator": "AND", "Filters": [IS_NULL, MATCHES]}]},
    "CustomCode": {"ClassName": "MyTransform", "Code": "for one in dfc.keys():\n    return dfc"},
    "SparkSQL": {"SqlQuery": "select *\nfrom mine -- é", "SqlAliases": [
        {"From": "node-1", "Alias": "mine"}]},
    "DropNullFields": {"NullCheckBoxList": {"IsEmpty": True, "IsNegOne": True},
                       "NullTextList": [{"Value": "0", "Datatype": {"Id": "int", "Label": "int"}}]},
    "Aggregate": {"Groups": [["kind"]], "Aggs": [
        {"Column": ["n"], "AggFunc": "sum"}, {"Column": ["odd n"], "AggFunc": "countDistinct"}]},
    "DropDuplicates": {"Columns": [["kind"], ["n"]]},
}  # fmt: skip
PAIRS: dict[str, dict[str, Any]] = {
    "Join": {"JoinType": "equijoin", "Columns": [
        {"From": "node-1", "Keys": [["kind"]]}, {"From": "node-2", "Keys": [["k", "id"]]}]},
    "Merge": {"Source": "node-2", "PrimaryKeys": [["id"], ["who", "name"]]},
    "Union": {"UnionType": "DISTINCT"},
}  # fmt: skip
TARGETS: dict[str, dict[str, Any]] = {
    "S3DirectTarget": {"Path": "s3://lake/out/", "Format": "csv", "Compression": "gzip",
                       "PartitionKeys": [["kind"]], "NumberTargetPartitions": "2"},
    "S3GlueParquetTarget": {"Path": "s3://lake/out/", "Compression": "snappy",
                            "SchemaChangePolicy": UPDATES},
    "S3CatalogTarget": {"Database": "shop", "Table": "out", "PartitionKeys": [["kind"]],
                        "SchemaChangePolicy": {"EnableUpdateCatalog": True}},
    "CatalogTarget": {"Database": "shop", "Table": "out"},
    "MySQLCatalogTarget": {"Database": "shop", "Table": "out"},
    "PostgreSQLCatalogTarget": {"Database": "shop", "Table": "out"},
    "S3DeltaDirectTarget": {"Path": "s3://lake/delta/", "Format": "delta",
                            "Compression": "snappy", "PartitionKeys": [["kind"]]},
    "S3DeltaCatalogTarget": {"Database": "shop", "Table": "out", "PartitionKeys": [["kind"]],
                             "AdditionalOptions": {"mergeSchema": "true"}},
    "S3HudiDirectTarget": {"Path": "s3://lake/hudi/", "Format": "hudi", "Compression": "snappy",
                           "AdditionalOptions": KEYED, "PartitionKeys": [["kind"], ["day"]],
                           "NumberTargetPartitions": "2", "SchemaChangePolicy": UPDATES},
    "S3HudiCatalogTarget": {"Database": "shop", "Table": "out", "AdditionalOptions": KEYED},
    "S3IcebergDirectTarget": {"Path": "s3://lake/ice/", "Format": "iceberg",
                              "Compression": "gzip", "PartitionKeys": [["kind"]],
                              "SchemaChangePolicy": UPDATES},
    "S3IcebergCatalogTarget": {"Database": "shop", "Table": "out",
                               "AdditionalOptions": {"write-format": "orc"}},
}  # fmt: skip


def job_of(kind: str) -> dict[str, Any]:
    """Return the nodes of a small job in which a kind stands."""
    first = {"node-1": {"S3CsvSource": CSV}}
    if kind in SOURCES:
        return {"node-1": {kind: SOURCES[kind]}}
    if kind == "SelectFromCollection":
        picked = {"Name": "One", "Inputs": ["node-3"], "Index": 1}
        return {**job_of("SplitFields"), "node-4": {kind: picked}}
    if kind in PAIRS:
        members = {"Name": kind, "Inputs": ["node-1", "node-2"], **PAIRS[kind]}
        return {**first, "node-2": {"CatalogSource": CATALOG}, "node-3": {kind: members}}
    members = {"Name": kind, "Inputs": ["node-1"], **{**TRANSFORMS, **TARGETS}[kind]}
    return {**first, "node-3": {kind: members}}
