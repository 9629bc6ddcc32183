"""Gives a Spark job the Data Catalog: as Spark's own, and as a catalog of Iceberg's.

`--enable-glue-datacatalog` makes Spark's catalog Hive's, of which a listener on loopback, opened
for the run, is the metastore. With `--datalake-formats iceberg` the driver leads Iceberg's catalogs
that name AWS's classes there, too.
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-data-catalog-hive.html
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-iceberg.html
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

from lakebed.core.limits import METASTORE_PEER_SECONDS_MAX
from lakebed.engines.jobs import Program
from lakebed.engines.metastore.peers import CAN_TELL, is_of_run
from lakebed.engines.metastore.server import listening
from lakebed.services.glue._job_program import Launch
from lakebed.services.glue._metastore import answers
from lakebed.services.glue._metastore_calls import Catalog

_IMPLEMENTATION = "spark.sql.catalogImplementation"
_URIS = "spark.hadoop.hive.metastore.uris"
_NO_LOCKS = {"spark.hadoop.iceberg.engine.hive.lock-enabled": "false"}
"""Iceberg's commits are conditional alterations instead: the metastore has no locks."""
CATALOG = "spark.lakebed.catalog.uri"
"""Where the run's catalog is, for Iceberg's (`engines/jobs/programs/lakebed_catalogs.py`)."""


class Run(msgspec.Struct, frozen=True):
    """What of a run its catalog needs.

    `leader` is the run's first process, once it has one; `settled` waits until what the run wrote
    into folders is in the index.
    """

    launch: Launch
    leader: asyncio.Future[int]
    settled: Callable[[], Awaitable[None]]


@contextlib.asynccontextmanager
async def with_catalog(run: Run, program: Program) -> AsyncGenerator[Program]:
    """Return the program with its catalog, which is answered as long as the context lasts."""
    arguments = run.launch.arguments
    if not is_wanted(arguments, program.properties):
        yield program
        return
    catalog = Catalog(
        run.launch.caller, program.properties.get("spark.sql.warehouse.dir", ""), run.settled
    )

    def is_ours(peer_port: int, own_port: int) -> Awaitable[bool]:
        return _is_ours(run, peer_port, own_port)

    async with listening(answers(catalog), is_ours) as port:
        uri = f"thrift://127.0.0.1:{port}"
        found = {CATALOG: uri, **_NO_LOCKS, **program.properties}
        if is_sparks(arguments, found):
            found = hive_properties(uri, program.folder) | found
            found[_IMPLEMENTATION] = "hive"
        yield msgspec.structs.replace(program, properties=found)


def is_wanted(arguments: Mapping[str, str], properties: Mapping[str, str]) -> bool:
    """Tell whether a run gets the catalog: it costs a listener, and Hive's classes are slow."""
    if _URIS in properties:
        return False  # A metastore of the user's own.
    formats = re.split(r"[\s,]+", arguments.get("--datalake-formats", "").lower())
    return "iceberg" in formats or is_sparks(arguments, properties)


def is_sparks(arguments: Mapping[str, str], properties: Mapping[str, str]) -> bool:
    """Tell whether the catalog is to be Spark's own: any value but `false` says so."""
    asked = arguments.get("--enable-glue-datacatalog")
    if asked is not None and asked.strip().lower() != "false":
        return True
    return properties.get(_IMPLEMENTATION) == "hive"


def hive_properties(uri: str, folder: Path) -> dict[str, str]:
    """Return what makes Hive's client ask us, and keep its scratch files in the run's folder."""
    return {
        _URIS: uri,
        "spark.hadoop.hive.exec.scratchdir": f"file://{folder}/hive",
        "spark.hadoop.hive.exec.local.scratchdir": f"{folder}/hive-local",
        "spark.hadoop.hive.downloaded.resources.dir": f"{folder}/hive-resources",
        "spark.hadoop.hive.querylog.location": f"{folder}/hive-log",
    }


async def _is_ours(run: Run, peer_port: int, own_port: int) -> bool:
    """Tell whether a connection is of the run's own processes; see `docs/security.md`."""
    if not CAN_TELL:
        return run.launch.settings.mode != "strict"
    await asyncio.wait((run.leader,), timeout=METASTORE_PEER_SECONDS_MAX)
    if not run.leader.done():
        return False
    return await asyncio.to_thread(is_of_run, run.leader.result(), peer_port, own_port)
