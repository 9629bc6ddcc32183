"""Lets PySpark 3.3 carry functions on Python 3.11: import this before PySpark.

Its own copy of cloudpickle writes code as Python 3.10 had it (SPARK-38991). The environment of
Spark 3.3 has the package itself, which is put in the copy's place; the others do not have it.
"""

from __future__ import annotations

import contextlib
import sys

with contextlib.suppress(ImportError):
    import cloudpickle

    sys.modules["pyspark.cloudpickle"] = cloudpickle
