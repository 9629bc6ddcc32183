"""The properties of Spark that a run begins with. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from lakebed.services.glue._job_input import worker

_SCHEMES = ("s3", "s3a", "s3n")
_OVERLOADED = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
_S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"
_SIZE = re.compile(r"(\d{1,12})([bkmgt])?b?")
_SHIFTS = {"b": 0, "k": 10, "m": 20, "g": 30, "t": 40}
_CONF = re.compile(r"\s*(?:--conf\s+)?")


class Places(msgspec.Struct, frozen=True):
    """Where a run finds things: the lake's folder and the buckets that are folders; our endpoint.

    `has_s3a` says whether Spark can speak S3's protocol: its jars are an extra of the environment.
    """

    lake: Path
    buckets: Sequence[str]
    endpoint: str
    has_s3a: bool
    folder: Path


def properties(
    job: str, master: str, places: Places, variables: Mapping[str, str], conf: str
) -> dict[str, str]:
    """Return the properties of a run; what `--conf` says wins."""
    found = {
        "spark.app.name": job,
        "spark.master": master,
        "spark.sql.warehouse.dir": f"file://{places.folder}/warehouse",
        "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
        "spark.hadoop.fs.viewfs.enable.inner.cache": "false",
        "spark.sql.streaming.checkpointFileManagerClass": (
            "org.apache.spark.sql.execution.streaming.FileSystemBasedCheckpointFileManager"
        ),
    }
    found |= {f"spark.executorEnv.{name}": value for name, value in variables.items()}
    found |= _file_systems(places, variables)
    return found | parsed(conf)


def _file_systems(places: Places, variables: Mapping[str, str]) -> dict[str, str]:
    """Return how `s3://` is reached: folders where buckets are that, S3's protocol elsewhere."""
    found: dict[str, str] = {}
    for scheme in _SCHEMES:
        found[f"spark.hadoop.fs.{scheme}.impl"] = _OVERLOADED if places.buckets else _S3A
        if places.buckets and places.has_s3a:
            # A bucket without a link is what this one finds.
            found[f"spark.hadoop.fs.viewfs.overload.scheme.target.{scheme}.impl"] = _S3A
    for bucket in places.buckets:
        link = f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback"
        found[link] = f"file://{places.lake}/{bucket}"
    if places.has_s3a:
        found |= {
            "spark.hadoop.fs.s3a.endpoint": places.endpoint,
            "spark.hadoop.fs.s3a.endpoint.region": variables["AWS_REGION"],
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.connection.ssl.enabled": str(
                places.endpoint.startswith("https")
            ).lower(),
            "spark.hadoop.fs.s3a.access.key": variables["AWS_ACCESS_KEY_ID"],
            "spark.hadoop.fs.s3a.secret.key": variables["AWS_SECRET_ACCESS_KEY"],
            "spark.hadoop.fs.s3a.session.token": variables["AWS_SESSION_TOKEN"],
            "spark.hadoop.fs.s3a.aws.credentials.provider": (
                "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider"
            ),
            "spark.hadoop.fs.s3a.bucket.probe": "0",
        }
    return found


def parsed(conf: str) -> dict[str, str]:
    """Return the properties of a `--conf` argument: `a=b --conf c=d`.

    https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
    """
    found: dict[str, str] = {}
    for part in re.split(r"\s+--conf\s+", conf.strip()):
        name, sign, value = _CONF.sub("", part, count=1).partition("=")
        if sign:
            found[name.strip()] = value.strip()
    return found


def memory_bytes(properties: Mapping[str, str]) -> int:
    """Return how large a heap the driver was asked to have (`512m`, `2g`), 0 if it was not."""
    match = _SIZE.fullmatch(properties.get("spark.driver.memory", "").strip().lower())
    return 0 if match is None else int(match[1]) << _SHIFTS[match[2] or "b"]


def master(setting: str, kind: str, count: int) -> str:
    """Return the cluster a run uses: the setting's, else as many cores of this machine as asked."""
    cores = os.cpu_count() or 1
    return setting or f"local[{max(1, min(cores, worker(kind)[1] * count))}]"
