"""Spark's own modules. They are no dependency of lakebed, so no type of theirs is known here."""

from __future__ import annotations

import importlib
from typing import Any

functions: Any = importlib.import_module("pyspark.sql.functions")
types: Any = importlib.import_module("pyspark.sql.types")
sql: Any = importlib.import_module("pyspark.sql")
core: Any = importlib.import_module("pyspark")
