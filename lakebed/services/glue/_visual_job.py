"""What CreateJob and UpdateJob do with CodeGenConfigurationNodes: check them, put their script.

https://docs.aws.amazon.com/glue/latest/dg/visual-job-api-chapter.html
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lakebed.context import Context
from lakebed.core.bodies import Spooled
from lakebed.core.errors import AwsError
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue._visual_script import script_of

NODES = "CodeGenConfigurationNodes"
_S3 = re.compile(r"s3[an]?://([^/]+)/(.+)", re.S)


def put_script(ctx: Context, operation: str, members: Mapping[str, Any]) -> None:
    """Write the script of a job's nodes to its ScriptLocation, as the caller, if it has nodes.

    It is there once the caller's transaction is committed; a raise leaves nothing of it.
    """
    nodes = members.get(NODES)
    if not nodes:
        return
    command: Mapping[str, str] = members["Command"]
    if command.get("Name", "glueetl") != "glueetl":
        raise invalid(f"{NODES} is for jobs of Command.Name glueetl.")
    script = script_of(operation, nodes)
    match = _S3.fullmatch(command["ScriptLocation"])
    if match is None:
        raise invalid(f"Not an S3 location of a file: {command['ScriptLocation']}")
    bucket, key = match.groups()
    content = script.encode("utf-8")
    digest = hashlib.md5(content, usedforsecurity=False)
    folder = Path(ctx.engines.objects.spool_directories[0])
    path = folder / f"script-{ctx.ids.uuid()}"
    path.write_bytes(content)
    body = Spooled(path, len(content), {"md5": digest.hexdigest()})
    claimed = base64.b64encode(digest.digest()).decode()
    try:
        ctx.aws.s3.put_object({"Bucket": bucket, "Key": key, "Body": body, "ContentMD5": claimed})
    except AwsError as error:
        body.discard()
        if error.code == "AccessDenied":
            raise AwsError("AccessDeniedException", error.message) from error
        raise invalid(f"Cannot write s3://{bucket}/{key}: {error.message}") from error
