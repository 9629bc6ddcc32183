"""MERGE INTO an Iceberg table.

https://docs.aws.amazon.com/athena/latest/ug/merge-into-statement.html

The source is joined to the table's rows; what is done with each pair is the number of the first
WHEN that takes it. Each WHEN's values are computed only for the rows it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyiceberg.table.snapshots import Operation
from sqlglot import expressions as exp

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import Type, duck_name
from lakebed.engines.sql.duckdb.iceberg import dml
from lakebed.engines.sql.duckdb.planning import analysed, lowered
from lakebed.engines.sql.duckdb.run import Run
from lakebed.engines.sql.duckdb.writing.columns import fits
from lakebed.engines.sql.duckdb.writing.publish import outcome

_PATH, _POSITION = "$merge\0path", "$merge\0position"

Columns = Sequence[tuple[str, Type]]


def merge(run: Run, statement: st.Merge) -> dict[str, Any]:
    """MERGE INTO an Iceberg table."""
    table = dml.target_of(run, statement.name, "Merging into")
    columns = dml.columns_of(table)
    clauses = [_with_names(one, columns, statement.alias) for one in statement.clauses]
    query = analysed(run, _query(statement, clauses, columns))
    kinds = dict(columns)
    wanted: list[Type | None] = [None, None, None]
    for clause in clauses:
        have = [kind for _, kind in query.columns[len(wanted) :][: len(clause.values)]]
        targets = [kinds[name] for name, _ in clause.values]
        _check(clause, targets, have)
        wanted += targets
    text, scanner = lowered(run, dml.converted(query, wanted))
    run.prepare(text, scanner.paths)
    connection = run.connection
    connection.execute(f"CREATE TEMP TABLE lbm AS SELECT * FROM ({text}) WHERE c2 IS NOT NULL")
    _check_once(run)
    count: int = connection.execute("SELECT count(*) FROM lbm").fetchall()[0][0]
    changed = dml.Changed(run, table, scanner)
    scanned = run.scanned(scanner.meter.read_bytes)
    if count:
        changed.delete("SELECT c0 AS file_path, c1 AS pos FROM lbm WHERE c0 IS NOT NULL")
        written = _new_rows(clauses, columns)
        if written:
            changed.writer.rows(" UNION ALL ".join(written))
        changed.commit(Operation.OVERWRITE)
    return outcome(run, [], count, scanned)


def _with_names(clause: st.MergeClause, columns: Columns, alias: str) -> st.MergeClause:
    """Name the values of an INSERT without names; give an UPDATE the values that stay."""
    names = [name for name, _ in columns]
    values = clause.values
    if clause.action == "INSERT" and values and not values[0][0]:
        if len(values) != len(names):
            message = "Insert query has mismatched column types: the table has "
            message += f"{len(names)} columns, the values are {len(values)}"
            raise TrinoError("TYPE_MISMATCH", message, 1, 1)
        values = tuple((name, value) for name, (_, value) in zip(names, values, strict=True))
    for name, _ in values:
        if name not in names:
            message = f"Merge column name does not exist in target table: {name}"
            raise TrinoError("COLUMN_NOT_FOUND", message, 1, 1)
    if clause.action == "UPDATE":
        given = dict(values)
        values = tuple((name, given.get(name, _named(name, alias))) for name in names)
    return st.MergeClause(clause.matched, clause.condition, clause.action, values)


def _check(clause: st.MergeClause, wanted: Sequence[Type], have: Sequence[Type]) -> None:
    if all(map(fits, have, wanted)):
        return
    verb = {"UPDATE": "MERGE table column types don't match for MERGE case 0, SET expressions: "}
    message = verb.get(clause.action, "Insert query has mismatched column types: ")
    shown = f"Table: [{', '.join(map(str, wanted))}], Expressions: [{', '.join(map(str, have))}]"
    raise TrinoError("TYPE_MISMATCH", message + shown, 1, 1)


def _named(name: str, table: str | None = None) -> exp.Column:
    where = exp.to_identifier(table, quoted=True) if table is not None else None
    return exp.Column(this=exp.to_identifier(name, quoted=True), table=where)


def _query(statement: st.Merge, clauses: Sequence[st.MergeClause], columns: Columns) -> exp.Select:
    """Return the join, with what is done and the values of each WHEN as its columns."""
    path, position = dml.located()
    target = exp.Select(
        expressions=[
            *(_named(name) for name, _ in columns),
            exp.Alias(this=path, alias=exp.to_identifier(_PATH, quoted=True)),
            exp.Alias(this=position, alias=exp.to_identifier(_POSITION, quoted=True)),
        ],
        from_=exp.From(this=statement.target),
    )
    alias = exp.TableAlias(this=exp.to_identifier(statement.alias, quoted=True))
    joined = exp.Join(this=exp.Subquery(this=target, alias=alias), side="LEFT", on=statement.on)
    conditions = [_condition(clause, statement.alias) for clause in clauses]
    case = exp.Case(
        ifs=[
            exp.If(this=condition.copy(), true=exp.Literal.number(at))
            for at, condition in enumerate(conditions)
        ]
    )
    items: list[exp.Expr] = [
        _named(_PATH, statement.alias), _named(_POSITION, statement.alias), case,
    ]  # fmt: skip
    for at, clause in enumerate(clauses):
        for _, value in clause.values:
            # The WHENs before it, which take no value, keep their rows from this one.
            ifs = [exp.If(this=one.copy(), true=exp.Null()) for one in conditions[:at]]
            ifs.append(exp.If(this=conditions[at].copy(), true=value))
            items.append(exp.Case(ifs=ifs))
    return exp.Select(expressions=items, from_=exp.From(this=statement.source), joins=[joined])


def _condition(clause: st.MergeClause, alias: str) -> exp.Expr:
    is_null = exp.Is(this=_named(_PATH, alias), expression=exp.Null())
    taken = exp.Not(this=is_null) if clause.matched else is_null
    if clause.condition is None:
        return taken
    return exp.And(this=taken, expression=exp.Paren(this=clause.condition))


def _check_once(run: Run) -> None:
    """Refuse a row of the table that several rows of the source change."""
    twice = run.connection.execute(
        "SELECT 1 FROM lbm WHERE c0 IS NOT NULL GROUP BY c0, c1 HAVING count(*) > 1 LIMIT 1"
    ).fetchall()
    if twice:
        message = "One MERGE target table row matched more than one source row"
        raise TrinoError("MERGE_TARGET_ROW_MULTIPLE_MATCHES", message)


def _new_rows(clauses: Sequence[st.MergeClause], columns: Columns) -> list[str]:
    """Write the queries of the rows that UPDATE and INSERT make."""
    out: list[str] = []
    first = 3
    for number, clause in enumerate(clauses):
        places = {name: f"c{first + at}" for at, (name, _) in enumerate(clause.values)}
        first += len(clause.values)
        if clause.action == "DELETE":
            continue
        texts = [
            f"{places[name] if name in places else f'CAST(NULL AS {duck_name(kind)})'} AS c{at}"
            for at, (name, kind) in enumerate(columns)
        ]
        out.append(f"SELECT {', '.join(texts)} FROM lbm WHERE c2 = {number}")
    return out
