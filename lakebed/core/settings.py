"""The settings of one server: what they are called, what they default to."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Durability = Literal["none", "file", "full"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server was started with; read from file, environment and flags by `cli.settings`.

    `durability` says what survives a power loss (`kill -9` loses nothing acknowledged in any mode):
    `none` possibly torn objects, `file` an object is whole or absent, `full` all acknowledged.
    `root_access_key`/`root_secret_key` are the account's own keys; `well_known_keys` says whether
    `test`/`test` and 12-digit access keys are accepted too. `s3_domain` is a domain (or several,
    with commas) under which every bucket is a host, besides `localhost` and AWS's own.
    `sql_engine` is `duckdb` or `trino`: the cluster at `sql_trino_url`, a child process without.
    `sql_memory_total_bytes` is what all queries at a time may take (0: most of the machine's
    memory), `sql_memory_bytes` what one of them may; `scan_bytes_per_day` what the queries of one
    user or role may scan in a day (0: as much as they like; the root may always). While less than
    `disk_free_bytes_min` of the disk is free, what makes the lake grow is refused.
    `jobs_isolation` says what keeps child processes from what they are not granted. `engines_dir`
    is where `lakebed engine add` puts what jobs run in (empty: the user's cache), which data
    folders share. `jobs_spark_master` is the cluster Spark jobs run on (empty: this machine).
    `kinesis_throughput` says whether a shard takes and gives no more in a second than AWS's does.
    `scrub` says whether objects are read again, slowly, when the machine is idle.
    `tls` is a certificate of our own making, unless `tls_certificate` and `tls_key` name files.
    """

    data_dir: Path = Path("lakebed-data")
    host: str = "127.0.0.1"
    port: int = 4566
    region: str = "us-east-1"
    account: str = "000000000000"
    durability: Durability = "file"
    mode: Literal["open", "strict"] = "open"
    insecure: bool = False
    well_known_keys: bool = True
    root_access_key: str = "test"
    root_secret_key: str = field(default="test", repr=False)
    objects_engine: str = "folder"
    sql_engine: str = "duckdb"
    sql_memory_bytes: int = 0
    sql_memory_total_bytes: int = 0
    scan_bytes_per_day: int = 0
    disk_free_bytes_min: int = 256 << 20
    jobs_isolation: Literal["none", "namespace"] = "none"
    jobs_spark_master: str = ""
    engines_dir: str = ""
    sql_trino_url: str = ""
    s3_domain: str = ""
    tls: bool = False
    tls_certificate: str = ""
    tls_key: str = ""
    kinesis_throughput: Literal["unlimited", "enforced"] = "unlimited"
    scrub: Literal["on", "off"] = "on"
    testing: bool = False

    @property
    def lake_dir(self) -> Path:
        """The folder whose `BUCKET/KEY` files are the objects."""
        return _below(self.data_dir, "lake")

    @property
    def state_dir(self) -> Path:
        """The folder of everything that is ours: store, temporary files, audit."""
        return _below(self.data_dir, "state")

    @property
    def engines_folder(self) -> Path:
        """Where the environments of jobs are."""
        if self.engines_dir:
            return Path(self.engines_dir)
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(cache) / "lakebed" / "engines"


@functools.lru_cache(maxsize=64)
def _below(folder: Path, name: str) -> Path:
    """Return a path that is asked for with every request: to make one costs microseconds."""
    return folder / name
