"""Glue's Iceberg REST endpoint: the Data Catalog as clients of Iceberg's REST catalog see it.

https://docs.aws.amazon.com/glue/latest/dg/connect-glu-iceberg-rest.html
"""
