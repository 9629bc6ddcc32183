"""Makes the program of a run: its script and libraries fetched, its arguments, its environment.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from lakebed.context import Caller
from lakebed.core.errors import AwsError
from lakebed.core.settings import Settings
from lakebed.engines.isolation import Grants
from lakebed.engines.jobs import EngineMissingError, Program
from lakebed.engines.jobs.environments import Environment, find, kinds
from lakebed.engines.jobs.layers import add_modules
from lakebed.plain_files import write_body
from lakebed.services.glue import _job_metrics, _job_spark
from lakebed.services.glue._job_bookmarks import FILE, Before, whole_arguments
from lakebed.services.glue._job_folders import plain_buckets
from lakebed.services.glue._job_input import is_shell
from lakebed.services.glue._job_role import credentials
from lakebed.services.glue._jobs import JobRun

_S3 = re.compile(r"s3[an]?://([^/]+)/(.+)", re.S)
_LAKE_FORMATS = ("iceberg", "delta", "hudi")
_OURS = ("--conf", "--extra-py-files", "--extra-jars", "--extra-files",
         "--additional-python-modules", "--python-modules-installer-option")  # fmt: skip
"""Arguments that the script does not get, as on AWS."""


class LaunchError(Exception):
    """A run that cannot begin; the message is its ErrorMessage."""


class Launch(msgspec.Struct, frozen=True):
    """What a program is made of."""

    caller: Caller
    settings: Settings
    row: JobRun
    environment: str
    before: Before

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return self.settings.state_dir / "jobs" / self.row.id

    @property
    def arguments(self) -> Mapping[str, str]:
        """The arguments of the run, the job's and its own."""
        return whole_arguments(self.row)


async def program_of(launch: Launch) -> Program:
    """Fetch what a run needs and return its program; LaunchError where it cannot begin."""
    folder, arguments = launch.folder, launch.arguments
    await asyncio.to_thread(folder.mkdir, 0o700, True, True)
    script = await _fetched(launch, launch.row.definition["Command"]["ScriptLocation"], folder)
    library = folder / "lib"
    path = [library]
    for url in _urls(arguments, "py-files"):
        path.append(await _fetched(launch, url, library))
    for url in _urls(arguments, "files"):
        await _fetched(launch, url, folder)
    layer = await _modules(launch)
    variables = await _variables(launch)
    if launch.before.option:
        _write_bookmark(launch)
    program = Program(
        launch.row.id,
        launch.environment,
        script,
        folder,
        arguments=tuple(_argv(launch)),
        variables=variables,
        path=(*(str(one) for one in path), *layer),
        grants=Grants((launch.settings.engines_folder,), (folder,), network=True),
    )
    if is_shell(launch.row.definition):
        return program
    return await _with_spark(launch, program)


async def _with_spark(launch: Launch, program: Program) -> Program:
    """Add what only Spark needs: where S3 is, which jars, on how many cores."""
    settings, definition, arguments = launch.settings, launch.row.definition, launch.arguments
    environment = find(launch.environment, settings.engines_folder)
    has_folders = settings.mode != "strict" and not settings.jobs_spark_master
    buckets = await plain_buckets(launch.caller) if has_folders else []
    has_s3a = environment.has("s3a")
    if not has_folders and not has_s3a:
        raise LaunchError(
            "In strict mode, and from a cluster, Spark reaches S3 by its protocol, and the jars "
            f"for it are not there: run `lakebed engine add {environment.name} --with s3a`"
        )
    jars = [*_format_jars(environment, arguments)]
    for url in _urls(arguments, "jars"):
        jars.append(str(await _fetched(launch, url, program.folder / "jars")))
    lake = settings.lake_dir
    endpoint = program.variables["AWS_ENDPOINT_URL"]
    places = _job_spark.Places(lake, buckets, endpoint, has_s3a, program.folder)
    master = _job_spark.master(
        settings.jobs_spark_master, definition["WorkerType"], definition["NumberOfWorkers"]
    )
    conf = arguments.get("--conf", "")
    found = _job_spark.properties(launch.row.job, master, places, program.variables, conf)
    if settings.jobs_spark_master:
        # Workers run the same Python at the same place, and are sent the jars.
        found = {"spark.pyspark.python": str(environment.python), **found}
        found["spark.jars"] = ",".join([*environment.extra_jars("s3a"), *jars])
    if arguments.get("--enable-spark-ui") == "true" and "--spark-event-logs-path" in arguments:
        found |= await _event_log(launch, arguments["--spark-event-logs-path"], buckets)
    return msgspec.structs.replace(
        program,
        properties=found,
        memory_bytes=_job_spark.memory_bytes(found),
        is_measured=_job_metrics.ENABLE in arguments,
        jars=tuple(jars),
        grants=Grants(
            program.grants.reads,
            (*program.grants.writes, *(lake / bucket for bucket in buckets)),
            network=True,
        ),
    )


def _format_jars(environment: Environment, arguments: Mapping[str, str]) -> list[str]:
    """Return the jars of `--datalake-formats`."""
    jars: list[str] = []
    for name in filter(None, arguments.get("--datalake-formats", "").split(",")):
        extra = name.strip().lower()
        if extra not in _LAKE_FORMATS:
            raise LaunchError(f"Invalid value of --datalake-formats: {name}")
        if extra not in kinds()[environment.name].jars:
            raise LaunchError(f"lakebed has not built --datalake-formats {extra} for this version")
        if not environment.has(extra):
            command = f"lakebed engine add {environment.name} --with {extra}"
            raise LaunchError(f"The jars of {extra} are not on this machine: run `{command}`")
        jars += environment.extra_jars(extra)
    return jars


async def _event_log(launch: Launch, url: str, buckets: list[str]) -> dict[str, str]:
    """Return where Spark writes its event log; the folder has to be there."""
    split = urlsplit(url)
    if split.netloc in buckets:
        folder = launch.settings.lake_dir / split.netloc / split.path.strip("/")
        if not folder.resolve().is_relative_to(launch.settings.lake_dir.resolve()):
            raise LaunchError(f"Invalid value of --spark-event-logs-path: {url}")
        await asyncio.to_thread(folder.mkdir, 0o755, True, True)
    else:
        key = split.path.strip("/") + "/"
        request = {"Bucket": split.netloc, "Key": key}
        await launch.caller.call("s3", "put_object", request)
    return {"spark.eventLog.enabled": "true", "spark.eventLog.dir": url}


async def _fetched(launch: Launch, url: str, folder: Path) -> Path:
    """Fetch an object into a folder, under the last part of its key."""
    match = _S3.fullmatch(url)
    name = url.rpartition("/")[2]
    if match is None or name in ("", ".", ".."):
        raise LaunchError(f"Not an S3 location of a file: {url}")
    bucket, key = match.groups()
    try:
        answer = await launch.caller.call("s3", "get_object", {"Bucket": bucket, "Key": key})
    except AwsError as error:
        raise LaunchError(
            f"LAUNCH ERROR | Error downloading from S3 for bucket: {bucket}, key: {key}."
            f"{error.message} (Service: Amazon S3; Status Code: {error.status}; "
            f"Error Code: {error.code})Please refer logs for details."
        ) from error
    path = folder / name
    await asyncio.to_thread(folder.mkdir, 0o700, True, True)
    await asyncio.to_thread(_replace, path, answer.get("Body"))
    return path


def _replace(path: Path, body: Any) -> None:
    path.unlink(missing_ok=True)
    write_body(path, body)


def _urls(arguments: Mapping[str, str], kind: str) -> list[str]:
    """Return the locations of an argument: `--extra-py-files s3://b/a.zip,s3://b/c.py`."""
    return [url.strip() for url in arguments.get(f"--extra-{kind}", "").split(",") if url.strip()]


async def _modules(launch: Launch) -> list[str]:
    """Return the layer of packages that a run asks for; it is made once and kept."""
    wanted = launch.arguments.get("--additional-python-modules", "")
    modules: list[str] = []
    for one in filter(None, (part.strip() for part in wanted.split(","))):
        is_file = one.startswith("s3://")
        modules.append(
            str(await _fetched(launch, one, launch.folder / "wheels")) if is_file else one
        )
    if not modules:
        return []
    environment = find(launch.environment, launch.settings.engines_folder)
    options = launch.arguments.get("--python-modules-installer-option", "")
    try:
        layer = await add_modules(environment, modules, options)
    except EngineMissingError as error:
        raise LaunchError(str(error)) from error
    return [str(layer)]


def _argv(launch: Launch) -> list[str]:
    """Return what the script finds behind its name: the run's own arguments, then Glue's."""
    row = launch.row
    words: list[str] = []
    for name, value in launch.arguments.items():
        if name not in _OURS:
            words += [name, value]
    given = {"--JOB_ID": f"j_{row.job}", "--JOB_RUN_ID": row.id, "--JOB_NAME": row.job}
    if launch.arguments.get("--job-bookmark-option") is None:
        given["--job-bookmark-option"] = "job-bookmark-disable"
    for name, value in given.items():
        words += [name, value]
    return words


async def _variables(launch: Launch) -> dict[str, str]:
    """Return what of the process's environment is the run's: who it is, where the server is."""
    settings = launch.settings
    keys = await launch.caller.write(lambda ctx: credentials(ctx, launch.row.definition))
    region = await launch.caller.write(lambda ctx: ctx.region)
    variables = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": _endpoint(settings),
        "LAKEBED_JOB_RUN_DIR": str(launch.folder),
        "GLUE_VERSION": launch.row.definition.get("GlueVersion", ""),
    }
    if settings.tls:
        certificate = settings.tls_certificate or str(settings.state_dir / "tls" / "ca.pem")
        variables["AWS_CA_BUNDLE"] = certificate
    return variables


def _endpoint(settings: Settings) -> str:
    """Return where this server is: it may have chosen its port itself."""
    told = json.loads((settings.state_dir / "server.json").read_text(encoding="ascii"))
    return str(told["url"])


def _write_bookmark(launch: Launch) -> None:
    """Write what the run's sources begin with into its folder."""
    before = launch.before
    text = before.state or "{}"
    (launch.folder / FILE).write_text(text, encoding="utf-8")
    if before.upto:
        (launch.folder / "bookmark.upto.json").write_text(before.upto, encoding="utf-8")
