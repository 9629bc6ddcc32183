"""Iceberg tables: metadata, manifests and commits by PyIceberg, the data by DuckDB.

Nothing here is imported before a statement meets an Iceberg table: PyIceberg takes a while to load.
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
"""
