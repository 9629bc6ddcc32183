"""Leads Iceberg's catalogs that name AWS's classes to the run's own catalog.

A job for AWS says `spark.sql.catalog.x.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog`, by
`--conf` or in its script. That class needs AWS's library, which is not among Spark's jars. Iceberg
speaks Hive's protocol as well, so such a catalog becomes one of Hive's, whose metastore is ours;
the run's error log says so.
"""

from __future__ import annotations

import functools
import itertools
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

URI = "spark.lakebed.catalog.uri"
_OPTION = re.compile(r"spark\.sql\.catalog\.([^.]+)\.(catalog-impl|io-impl|type)")
_AWS = {
    ("catalog-impl", "org.apache.iceberg.aws.glue.GlueCatalog"),
    ("type", "glue"),
}
_FILES = ("io-impl", "org.apache.iceberg.aws.s3.S3FileIO")

Led = Callable[[str, Any], Mapping[str, Any]]


def led(uri: str, name: str, value: Any) -> Mapping[str, Any]:
    """Return what a property becomes; nothing where what it asks for is done anyway."""
    match = _OPTION.fullmatch(name)
    if match is not None and (match[2], value) == _FILES:
        return {}  # Hadoop's files, of which `s3://` is one.
    if match is None or (match[2], value) not in _AWS:
        return {name: value}
    sys.stderr.write(f"lakebed: {name}={value} is the Data Catalog here\n")
    catalog = f"spark.sql.catalog.{match[1]}"
    return {f"{catalog}.type": "hive", f"{catalog}.uri": uri}


def lead_catalogs(properties: Mapping[str, str]) -> dict[str, str]:
    """Return the properties that a job begins with, and lead those that its script sets."""
    uri = properties.get(URI)
    if uri is None:
        return dict(properties)
    become = functools.partial(led, uri)
    _lead_script(become)
    found: dict[str, str] = {}
    for name, value in properties.items():
        found.update(become(name, value))
    return found


def _lead_script(become: Led) -> None:
    """Lead what a script sets: of a context, of a session that it builds, of one that is there."""
    from pyspark import SparkConf
    from pyspark.sql import SparkSession
    from pyspark.sql.conf import RuntimeConfig

    for kind in (SparkConf, RuntimeConfig):
        _wrap(kind, "set", become)
    _wrap(SparkSession.Builder, "config", become)


def _wrap(kind: Any, name: str, become: Led) -> None:
    whole = getattr(kind, name)

    @functools.wraps(whole)
    def set_one(self: Any, key: Any = None, value: Any = None, **others: Any) -> Any:
        given = others.get("map")
        if given:
            pairs = (become(one, given[one]).items() for one in given)
            others["map"] = dict(itertools.chain.from_iterable(pairs))
        if key is None or others:
            return whole(self, key, value, **others)
        done = self
        for told, one in become(key, value).items():
            done = whole(self, told, one)
        return done

    setattr(kind, name, set_one)
