"""Manifests of Delta Lake tables: files of text that name the data files of the newest version.

There is one in each partition, below `_symlink_format_manifest/`.
https://docs.aws.amazon.com/glue/latest/dg/crawler-delta-lake.html
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import uuid
from pathlib import Path

from lakebed.core.bodies import Spooled
from lakebed.engines.crawl.formats import TableMetadata
from lakebed.services.glue._crawl import Crawling
from lakebed.services.glue._crawl_table_folders import Place, keys_below, place_of

FOLDER = "_symlink_format_manifest/"
_NULL = "__HIVE_DEFAULT_PARTITION__"
_ESCAPED = re.compile(r"""[\x01-\x1f"#%'*/:=?\\\x7f{}\[\]^]""")
"""What Hive, and so Delta Lake, writes otherwise in the name of a partition's folder."""


def by_folder(said: TableMetadata) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """Return the data files by the folder below the manifests' and the values of its partition."""
    out: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for file in said.files:
        values = tuple(_NULL if one is None else one for one in file.partition)
        folder = "".join(
            f"{_escaped(name)}={_escaped(value)}/"
            for name, value in zip(said.partition_names, values, strict=True)
        )
        out.setdefault((folder, values), []).append(file.location)
    return out


def _escaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: f"%{ord(match.group()):02X}", text)


async def write(crawling: Crawling, location: str, said: TableMetadata) -> None:
    """Write the manifests of a table, as the crawler's role; delete those of gone partitions."""
    root = place_of(location)
    below = Place(root.bucket, root.prefix + FOLDER)
    old = set(await keys_below(crawling, below))
    for (folder, _), files in by_folder(said).items():
        key = f"{below.prefix}{folder}manifest"
        body = await asyncio.to_thread(_spooled, crawling, "".join(f"{one}\n" for one in files))
        await _put(crawling, root.bucket, key, body)
        old.discard(key)
    for key in sorted(old):
        await crawling.caller.call("s3", "delete_object", {"Bucket": root.bucket, "Key": key})


async def _put(crawling: Crawling, bucket: str, key: str, body: Spooled) -> None:
    try:
        await crawling.caller.call("s3", "put_object", {"Bucket": bucket, "Key": key, "Body": body})
    finally:
        body.path.unlink(missing_ok=True)


def _spooled(crawling: Crawling, text: str) -> Spooled:
    """Return a text in the form of a received body. For a thread."""
    folder: Path = crawling.settings.state_dir / "queries"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path, content = folder / f"crawl-{uuid.uuid4().hex}", text.encode()
    path.write_bytes(content)
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Spooled(path, len(content), {"md5": digest})
