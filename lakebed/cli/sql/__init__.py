"""`lakebed sql`: statements by Athena's API, from a prompt or in one shot."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lakebed.cli.aws import ApiError, AwsClient, UnreachableError
from lakebed.cli.settings import Resolved
from lakebed.cli.sql import show
from lakebed.cli.sql.athena import Athena, Done, StatementError


def sql(options: argparse.Namespace, resolved: Resolved) -> int:
    """Run the command and return its exit status: 0, 1 a statement failed, 2 no server."""
    settings = resolved.settings
    text: str | None = options.statement
    if options.file is not None:
        text = sys.stdin.read() if options.file == "-" else Path(options.file).read_text("utf-8")
    try:
        client = AwsClient(resolved, options.endpoint_url or "")
        account = f"{settings.account}-{settings.region}"
        session = Athena(client, options.database, options.workgroup, options.output, account)
        if text is None and sys.stdin.isatty():
            from lakebed.cli.sql.prompt import prompt

            return prompt(session, settings.state_dir)
        return _all(session, sys.stdin.read() if text is None else text, options)
    except (UnreachableError, OSError) as error:
        print(f"lakebed sql: {error}", file=sys.stderr)
        return 2
    except (StatementError, ApiError) as error:
        print(f"lakebed sql: {error}", file=sys.stderr)
        return 1


def _all(session: Athena, text: str, options: argparse.Namespace) -> int:
    """Run statements one after the other, up to the first that fails."""
    for statement in split(text):
        done = session.run(statement)
        write = show.as_csv if options.csv else show.as_json if options.json else show.as_table
        count = write(done, session.rows(done), sys.stdout)
        sys.stdout.flush()
        if options.explain_cost:
            _explain(session, statement, done, count)
        elif sys.stderr.isatty():
            print(show.cost_line(done, count), file=sys.stderr)
    return 0


def _explain(session: Athena, statement: str, done: Done, count: int) -> None:
    """Say what a statement costs, and what would make it cheaper: each advice was tried."""
    from lakebed.cli.sql.advice import advise

    print(show.cost_line(done, count), file=sys.stderr)
    if done.kind == "DML" and done.columns:
        for line in advise(session, statement, done):
            print(line, file=sys.stderr, flush=True)


def split(text: str) -> list[str]:
    """Split a text into its statements: at semicolons outside strings, names and comments."""
    from lakebed.cli.sql.statements import split as split_text

    return split_text(text)
