"""The `lakebed` command: `lakebed --help` lists what it does."""

from __future__ import annotations

# Only what `serve` needs is imported here: its start is counted in CPU milliseconds.
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lakebed import __version__
from lakebed.cli.settings import CHOICES, Resolved, SettingsError, resolve
from lakebed.cli.upkeep import Command, add_upkeep

EXIT_IN_USE = 3
FLAGS = (
    "data_dir", "host", "port", "tls", "tls_certificate", "tls_key", "durability", "mode",
    "insecure", "testing",
)  # fmt: skip
"""The settings that may be given on the command line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    flags = {name: getattr(options, name, None) for name in FLAGS}
    try:
        resolved = resolve(flags)
    except SettingsError as error:
        print(f"lakebed: {error}", file=sys.stderr)
        return 2
    return command(options, resolved)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lakebed", description="A self-hosted data lake that speaks AWS's own wire protocols."
    )
    parser.add_argument("--version", action="version", version=f"lakebed {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        sub.add_argument("--data-dir", help="folder of the lake (default: ./lakebed-data)")
        return sub

    serve = add(
        "serve", _serve, "Serve until SIGTERM; prints one line, 'ready URL', when it answers."
    )
    _add_network(serve)
    serve.add_argument(
        "--durability", choices=CHOICES["durability"], help="what a power loss spares"
    )
    serve.add_argument("--mode", choices=CHOICES["mode"], help="what is enforced")
    serve.add_argument(
        "--insecure", action="store_true", default=None, help="listen anywhere with well-known keys"
    )
    serve.add_argument("--testing", action=argparse.BooleanOptionalAction, help=argparse.SUPPRESS)
    tour = add("tour", _tour, "Run the main job on real data: New York's flights of 2013.")
    tour.add_argument("--keep", action="store_true", help="leave the server running at the end")
    tour.add_argument("--only", metavar="STEP", help="run one step and those it needs")
    _add_network(add("env", _env, "Print what to eval, so that every AWS client finds the server."))
    init = add("init", _init, "Make random root keys and turn the well-known ones off.")
    init.add_argument(
        "--server",
        action="store_true",
        help="also write settings (every address, TLS, strict mode) and a systemd unit",
    )
    _add_network(init)
    _add_user(add("user", _user, "Add users with keys of their own, list or remove them."))
    text = "Show whether a server answers, what the lake holds, what grows, what is damaged."
    status = add("status", _status, text)
    _add_network(status)
    status.add_argument("--json", action="store_true", help="print one JSON object")
    _add_sql(add("sql", _sql, "Query the lake by Athena's API: a prompt, or one shot."))
    _add_logs(add("logs", _logs, "Show log groups, or the events of one, as they come."))
    _add_job(add("job", _job, "Look at what a node of a visual Glue job gives, in SQL's time."))
    add_upkeep(add)
    _add_samples(add("samples", _samples, "Write sample logs of AWS's services into a bucket."))
    _add_engine(add("engine", _engine, "Add an engine that is not in the default install."))
    _add_why(add("why", _why, "Say why a call was refused, by the id of its request."))
    add("doctor", _doctor, "Check this machine and this folder, and say what to mend.")
    clean = add("clean", _clean, "Delete the lake's folder; a dry run without --yes.")
    clean.add_argument("--yes", action="store_true", help="really delete")
    _add_network(
        add("settings", _settings, "Print every setting, its value and where it came from.")
    )
    add("version", _version, "Print the version.")
    return parser


def _add_why(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("request_id", nargs="?", help="as in the answer (default: list the last)")
    parser.add_argument("--json", action="store_true", help="print the record as it is kept")


def _add_sql(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("statement", nargs="?", help="run this and exit (default: a prompt)")
    parser.add_argument("-d", "--database", default="default", help="database of the names in it")
    parser.add_argument("-f", "--file", help="run the statements of a file, - for the input")
    parser.add_argument("-w", "--workgroup", default="primary", help="Athena's workgroup")
    parser.add_argument("--output", default="", help="s3:// location of result files")
    parser.add_argument("--endpoint-url", help="where to ask (default: the server of the folder)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print CSV with a header")
    form.add_argument("--json", action="store_true", help="print a JSON array of objects")
    parser.add_argument(
        "--explain-cost",
        action="store_true",
        help="say what the query costs, and try what would make it cheaper",
    )


def _add_logs(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """examples:
  lakebed logs                          the log groups
  lakebed logs /aws-glue/crawlers       the last ten minutes of one
  lakebed logs /aws-glue/crawlers -f    and what comes, until Ctrl-C
  lakebed logs /app --since 2h --filter '?ERROR ?WARN'
  lakebed logs /app --since 2026-11-21T10:00 --filter '{ $.status >= 500 }' --json
"""
    parser.add_argument("group", nargs="?", help="the log group (default: list the groups)")
    parser.add_argument("-f", "--follow", action="store_true", help="wait for more")
    parser.add_argument("--since", default="10m", help="30s, 10m, 2h, 1d, or a time (default: 10m)")
    parser.add_argument("--filter", metavar="PATTERN", help="a filter pattern of CloudWatch Logs")
    parser.add_argument("--stream", metavar="PREFIX", help="only streams whose names begin so")
    parser.add_argument("--json", action="store_true", help="print a JSON object a line")
    parser.add_argument("--endpoint-url", help="where to ask (default: the server of the folder)")


def _add_job(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """examples:
  lakebed job preview orders-by-day                  the nodes of a job
  lakebed job preview orders-by-day "Large orders"   the first rows of one
  lakebed job preview orders-by-day node-3 --sql     the query that shows them
"""
    parser.add_argument("action", choices=["preview"], help="what to do")
    parser.add_argument("name", help="the job's name")
    parser.add_argument("node", nargs="?", help="a node's id or name (default: list them)")
    parser.add_argument("--rows", type=int, default=20, metavar="N", help="how many (default: 20)")
    parser.add_argument("-d", "--database", default="default", help="where tables of files stand")
    parser.add_argument("-w", "--workgroup", default="primary", help="Athena's workgroup")
    parser.add_argument("--output", default="", help="s3:// location of result files")
    parser.add_argument("--endpoint-url", help="where to ask (default: the server of the folder)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print CSV with a header")
    form.add_argument("--json", action="store_true", help="print a JSON array of objects")
    form.add_argument("--sql", action="store_true", help="print the query, do not run it")


def _add_user(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """examples:
  lakebed user add ann --policy AmazonAthenaFullAccess --policy AmazonS3ReadOnlyAccess
  lakebed user add bob --group analysts > bob.env
  lakebed user list
  lakebed user remove ann
"""
    parser.add_argument("action", choices=["add", "list", "remove"], help="what to do")
    parser.add_argument("name", nargs="?", help="the user's name")
    parser.add_argument("--policy", action="append", default=[], help="name or ARN (repeatable)")
    parser.add_argument("--group", action="append", default=[], help="a group (repeatable)")
    parser.add_argument("--endpoint-url", help="where to ask (default: the server of the folder)")


def _add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port, 0 for any free one (default: 4566)")
    parser.add_argument(
        "--tls", action="store_true", default=None, help="speak HTTPS, with a certificate we make"
    )
    parser.add_argument("--tls-certificate", metavar="FILE", help="speak HTTPS with this one")
    parser.add_argument("--tls-key", metavar="FILE", help="its key (default: the same file)")


def _add_samples(parser: argparse.ArgumentParser) -> None:
    _add_network(parser)
    parser.add_argument("what", choices=["logs"], help="what to write")
    parser.add_argument("--bucket", default="sample-logs", help="where (made if it is not there)")
    parser.add_argument("--rows", type=int, default=1000, metavar="N", help="rows of each kind")
    parser.add_argument("--seed", type=int, default=1, help="the same seed writes the same bytes")
    parser.add_argument("--only", action="append", metavar="KIND", help="this kind (repeatable)")


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["add", "list"], help="what to do")
    names = "trino; spark-3.5, spark-3.3, spark-4.1, python-shell for Glue's jobs"
    parser.add_argument("name", nargs="?", default="trino", help=f"which engine ({names})")
    parser.add_argument("--from", dest="source", metavar="FILE", help="trino's archive, at hand")
    parser.add_argument(
        "--with", dest="extras", action="append", metavar="EXTRA",
        help="jars of Spark too: jdbc and avro are there, s3a, iceberg, delta, hudi on request",
    )  # fmt: skip
    parser.add_argument(
        "--wheels", metavar="DIR", help="packages and jars at hand: nothing is fetched"
    )


def _engine(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.engine import engine

    return engine(options, resolved)


def _samples(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.samples import samples

    return samples(options, resolved)


def _user(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.user import user

    return user(options, resolved)


def _serve(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.server import StartError, holder_of, run
    from lakebed.cli.tls import TlsError
    from lakebed.store.ownership import FolderInUseError, FormatError

    settings = resolved.settings
    try:
        run(settings, lambda url: print(f"ready {url}", flush=True))
    except FolderInUseError as error:
        print(f"lakebed: {error}; stop it, or choose another --data-dir", file=sys.stderr)
        return EXIT_IN_USE
    except (StartError, FormatError, TlsError) as error:
        print(f"lakebed: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno != 98 and "address already in use" not in str(error).lower():
            raise
        print(
            f"lakebed: port {settings.port} is taken by {holder_of(settings.port)}; "
            "stop it, or choose another --port",
            file=sys.stderr,
        )
        return 2
    return 0


def _tour(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.tour import tour

    return tour(keep=options.keep, only=options.only)


def _sql(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.sql import sql

    return sql(options, resolved)


def _job(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.job import job

    return job(options, resolved)


def _logs(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.logs import logs

    return logs(options, resolved)


def _env(options: argparse.Namespace, resolved: Resolved) -> int:
    settings = resolved.settings
    from lakebed.cli.tls import files_of, is_on, url_of

    values = {
        "AWS_ENDPOINT_URL": url_of(settings, settings.port),
        "AWS_ACCESS_KEY_ID": settings.root_access_key,
        "AWS_SECRET_ACCESS_KEY": settings.root_secret_key,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        # StartLiveTail and others would go to stream-HOST, which nobody finds.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_ALLOW_HTTP": "true",
    }
    if is_on(settings):
        values["AWS_CA_BUNDLE"] = str(files_of(settings).authority.absolute())
    for name, value in values.items():
        print(f"export {name}='{value}'")
    print("unset AWS_PROFILE AWS_SESSION_TOKEN")
    return 0


def _init(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.init import init

    return init(options, resolved)


def _status(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.status import status

    return status(options, resolved)


def _measure(folder: Path) -> tuple[int, int]:
    sizes = [path.lstat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


def _why(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.why import why

    return why(options, resolved)


def _doctor(options: argparse.Namespace, resolved: Resolved) -> int:
    from lakebed.cli.doctor import checks

    failed = 0
    for name, problem in checks(resolved.settings):
        print(f"{'ok  ' if not problem else 'MEND'} {name}{': ' + problem if problem else ''}")
        failed += bool(problem)
    return 1 if failed else 0


def _clean(options: argparse.Namespace, resolved: Resolved) -> int:
    import shutil

    from lakebed.store.ownership import FolderInUseError, take

    folder = resolved.settings.data_dir
    ours = [folder / "lake", *sorted(folder.glob("state*"))]
    present = [path for path in ours if path.exists()]
    if not present:
        print(f"{folder}: nothing to clean")
        return 0
    for path in present:
        count, size = _measure(path)
        print(
            f"{'deleting' if options.yes else 'would delete'} {path}: {count} files, {size} bytes"
        )
    if not options.yes:
        print("nothing was deleted; run `lakebed clean --yes` to do it")
        return 0
    try:
        take(resolved.settings.state_dir)
    except FolderInUseError as error:
        print(f"lakebed: {error}; stop it first", file=sys.stderr)
        return EXIT_IN_USE
    for path in present:
        shutil.rmtree(path)
    return 0


def _settings(options: argparse.Namespace, resolved: Resolved) -> int:
    for name, origin in sorted(resolved.origins.items()):
        print(f"{name} = {getattr(resolved.settings, name)}  ({origin})")
    return 0


def _version(options: argparse.Namespace, resolved: Resolved) -> int:
    print(f"lakebed {__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
