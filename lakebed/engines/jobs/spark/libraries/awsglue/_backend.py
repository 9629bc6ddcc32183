"""What computes DynamicFrames, chosen here and nowhere else: Spark.

Another back end is a folder beside `_spark` with the same names; sources answer a frame as
`_frames.Frame` describes it. (`context` makes a session of Spark's besides: it is a SQLContext.)
"""

from ._spark import jdbc, open_tables, writing
from ._spark.catalog_updates import CatalogUpdate
from ._spark.files import FileSource, empty
from ._spark.frame import SparkFrame as BackendFrame
from ._spark.jdbc import JdbcSource
from ._spark.modules import functions
from ._spark.tables import TableSource, selected
from ._spark.types import to_spark

__all__ = [
    "BackendFrame",
    "CatalogUpdate",
    "FileSource",
    "JdbcSource",
    "TableSource",
    "empty",
    "functions",
    "jdbc",
    "open_tables",
    "selected",
    "to_spark",
    "writing",
]
