"""Functions that scripts of visual jobs bring along: what no transform of awsglue does. Pure."""

from __future__ import annotations

from collections.abc import Mapping

IMPORTS: Mapping[str, tuple[str, ...]] = {
    "constant_like": ("import datetime", "from decimal import Decimal"),
    "spark_aggregate": ("from pyspark.sql import functions",),
    "spark_drop_null_fields": ("from pyspark.sql import functions",),
    "spark_iceberg_write": ("from pyspark.sql import functions",),
    "spark_route": (),
    "spark_sql_query": (),
    "spark_table_location": ("import boto3",),
    "spark_union": (),
}
HELPERS: Mapping[str, str] = {
    "constant_like": '''\
def constant_like(value, text):
    """Return a constant as what a field holds: a text, number, truth, date or time."""
    if isinstance(value, bool):
        return text.strip().lower() == "true"
    if isinstance(value, (int, Decimal)):
        return Decimal(text)
    if isinstance(value, float):
        return float(text)
    if isinstance(value, datetime.datetime):
        return datetime.datetime.fromisoformat(text)
    if isinstance(value, datetime.date):
        return datetime.date.fromisoformat(text)
    return text''',
    "spark_aggregate": '''\
def spark_aggregate(frame, groups, aggs, transformation_ctx):
    """Return a row for each group, with the results of functions over columns."""
    results = [getattr(functions, name)(column) for column, name in aggs]
    df = frame.toDF().groupBy(*groups).agg(*results)
    return DynamicFrame.fromDF(df, glueContext, transformation_ctx)''',
    "spark_drop_null_fields": '''\
def spark_drop_null_fields(frame, nulls, transformation_ctx):
    """Return a frame without the fields of which every value is null, or one of the nulls."""
    df = frame.toDF()
    counts = []
    for name, kind in df.dtypes:
        column = functions.col(f"`{name}`")
        texts = [text for null, text in nulls if null == kind or (null, kind) == ("int", "bigint")]
        is_value = column.isNotNull()
        if texts:
            is_value = is_value & ~column.cast("string").isin(texts)
        counts.append(functions.count(functions.when(is_value, 1)))
    found = df.select(*counts).first()
    kept = [f"`{name}`" for name, count in zip(df.columns, found) if count]
    return DynamicFrame.fromDF(df.select(*kept), glueContext, transformation_ctx)''',
    "spark_iceberg_write": '''\
def spark_iceberg_write(frame, namespace, name, properties, partitionKeys, options):
    """Add rows to a table of Iceberg; where there is none, it is made with properties."""
    writer = frame.toDF().writeTo(f"{namespace}.`{name}`").options(**options)
    known = spark.sql(f"SHOW TABLES IN {namespace}")
    if known.where(functions.col("tableName") == name).count():
        writer.append()
        return
    for key, value in properties.items():
        writer = writer.tableProperty(key, value)
    if partitionKeys:
        writer = writer.partitionedBy(*[functions.col(f"`{key}`") for key in partitionKeys])
    writer.create()''',
    "spark_route": '''\
def spark_route(frame, groups, transformation_ctx):
    """Return the records of each group by its name; those of none are default_group."""

    def passes(f, row):
        try:
            return f(row)
        except (KeyError, TypeError, ValueError):
            return False  # a value that cannot be compared is in no group

    def in_none(row):
        return not any(passes(f, row) for f in filters)

    filters = list(groups.values())
    frames = {name: frame.filter(f, f"{transformation_ctx}_{name}") for name, f in groups.items()}
    frames["default_group"] = frame.filter(in_none, f"{transformation_ctx}_default_group")
    return DynamicFrameCollection(frames, glueContext)''',
    "spark_sql_query": '''\
def spark_sql_query(query, views, transformation_ctx):
    """Return the result of a query over frames, each a view by its alias."""
    for alias, frame in views.items():
        frame.toDF().createOrReplaceTempView(alias)
    return DynamicFrame.fromDF(spark.sql(query), glueContext, transformation_ctx)''',
    "spark_table_location": '''\
def spark_table_location(database, table):
    """Return where a table of the Data Catalog is; crawlers may name its manifests."""
    found = boto3.client("glue").get_table(DatabaseName=database, Name=table)["Table"]
    location = found["StorageDescriptor"]["Location"]
    return location.rstrip("/").removesuffix("/_symlink_format_manifest")''',
    "spark_union": '''\
def spark_union(frame, other, unionType, transformation_ctx):
    """Return the rows of both frames, each once if they shall be distinct."""
    df = frame.toDF().unionByName(other.toDF(), allowMissingColumns=True)
    if unionType == "DISTINCT":
        df = df.distinct()
    return DynamicFrame.fromDF(df, glueContext, transformation_ctx)''',
}
