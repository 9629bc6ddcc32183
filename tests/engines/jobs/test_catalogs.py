"""Iceberg's catalogs that name AWS's classes; the rest of it runs in `test_spark_catalog.py`."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

import lakebed.engines.jobs

PROGRAM = Path(lakebed.engines.jobs.__file__).parent / "programs" / "lakebed_catalogs.py"
LEAD = runpy.run_path(str(PROGRAM))
URI = "thrift://127.0.0.1:1"
X = "spark.sql.catalog.x"
HIVE = {f"{X}.type": "hive", f"{X}.uri": URI}


@pytest.mark.parametrize(
    ("name", "value", "becomes"),
    [
        (f"{X}.catalog-impl", "org.apache.iceberg.aws.glue.GlueCatalog", HIVE),
        (f"{X}.type", "glue", HIVE),
        (f"{X}.io-impl", "org.apache.iceberg.aws.s3.S3FileIO", {}),
        (f"{X}.io-impl", "org.x.Mine", {f"{X}.io-impl": "org.x.Mine"}),
        (f"{X}.type", "rest", {f"{X}.type": "rest"}),
        (f"{X}.warehouse", "s3://lake", {f"{X}.warehouse": "s3://lake"}),
        ("spark.app.name", "glue", {"spark.app.name": "glue"}),
    ],
)
def test_only_what_names_aws_becomes_ours(name, value, becomes):
    assert LEAD["led"](URI, name, value) == becomes


def test_a_run_without_a_catalog_has_its_properties():
    given = {f"{X}.type": "glue"}
    assert LEAD["lead_catalogs"](given) == given


def test_a_setter_of_a_script_sets_what_it_becomes():
    class Conf:
        def __init__(self) -> None:
            self.held: dict[str, object] = {}

        def set(self, key, value):
            self.held[key] = value
            return self

    class Builder(Conf):
        def config(self, key=None, value=None, *, map=None):
            for name, one in (map or {key: value}).items():
                self.held[name] = one
            return self

    for kind, name in ((Conf, "set"), (Builder, "config")):
        LEAD["_wrap"](kind, name, lambda key, value: LEAD["led"](URI, key, value))
    conf = Conf().set(f"{X}.type", "glue").set("a", 1)
    assert conf.held == {**HIVE, "a": 1}
    builder = Builder().config(f"{X}.io-impl", "org.apache.iceberg.aws.s3.S3FileIO")
    assert builder.config("a", 1).config(map={f"{X}.type": "glue"}).held == {"a": 1, **HIVE}
