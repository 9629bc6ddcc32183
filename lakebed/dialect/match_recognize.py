"""MATCH_RECOGNIZE: rows numbered in order, matched by a program, measures computed of the matches.

https://docs.aws.amazon.com/athena/latest/ug/functions-env3.html names Trino's page:
https://trino.io/docs/current/sql/match-recognize.html

It becomes queries around each other. The input's rows get a number (of all) and the number of
their partition. Conditions of DEFINE that depend on a row and its neighbours are columns beside
them; what others need is collected. A partition at a time goes to the matcher, a Python function,
which answers a row for each row of each match: its number, its variable, and the rows that
navigation of MEASURES means. Those are joined to the input again, aggregates are windows over a
match.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import expressions as exp

from lakebed.dialect import failing, match_clauses, places, tree
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.match_clauses import Measures, Neighbours, Remembered, StatefulError
from lakebed.dialect.match_expressions import PatternExpressions
from lakebed.dialect.match_grammar import MatchRecognize
from lakebed.dialect.row_patterns import RowPatternReader, canonical, place_at
from lakebed.dialect.scopes import Field, Scope, fail, parts_of, place
from lakebed.dialect.types import BIGINT, BOOLEAN, VARCHAR, Type, array

if TYPE_CHECKING:
    from lakebed.dialect.relations import Relations

_MODES = {
    "one": "one", "show": "all", "omit": "all without empty", "with": "all with unmatched",
}  # fmt: skip
Part = tuple[str | None, tree.Expr]
Defined = tuple[list[dict[str, Any]], list[tree.Expr], list[tree.Expr]]
"""How each variable is decided, what of each row that needs, what of each row is known."""


@dataclass
class Clause:
    """One MATCH_RECOGNIZE: what was read of it so far."""

    relations: Relations
    node: MatchRecognize
    name: str
    columns: match_clauses.Columns
    program: RowPatternReader
    variables: dict[str, tuple[str, ...]]
    framed: bool = False
    """Whether it is a window's, whose frame bounds the search."""

    def expressions(self, leaves: Any, defining: bool) -> PatternExpressions:
        """Return the analyser of the clause's expressions."""

        def query(inner: exp.Expr, scope: Scope) -> tree.Query:
            del scope
            return self.relations.query(inner)

        return PatternExpressions(
            self.relations.text, query, {}, self.relations.database,
            variables=self.variables, leaves=leaves, defining=defining, framed=self.framed,
        )  # fmt: skip

    def numbers(self) -> dict[str, int]:
        """Return the numbers of the primary variables."""
        return {label: at for at, label in enumerate(self.program.labels)}


def match_recognize(
    relations: Relations, node: MatchRecognize, name: str, scope: Scope
) -> tuple[tree.Relation, list[Field]]:
    """Analyse MATCH_RECOGNIZE of an entry of a FROM; `name` is its relation's."""
    source, fields = relations.relation(node.this, scope)
    fields = [one for one in fields if not one.hidden]
    if node.args.get("search"):
        word = node.args["search"]
        message = f"Pattern search modifier: {word.name} is not allowed in MATCH_RECOGNIZE clause"
        raise fail("NOT_SUPPORTED", message, word)
    text, start, end = node.args["pattern"]
    reader = RowPatternReader(text, start, end)
    reader.program()
    _check_exclusion(node, reader)
    columns: match_clauses.Columns = [(one.name, one.expr.type) for one in fields]
    clause = Clause(relations, node, name, columns, reader, variables(node, reader))
    partition = [_input_column(fields, key, clause) for key in parts_of(node, "partition_by")]
    order = _order(fields, clause)
    rows = numbered(clause, source, fields, partition, order)
    defined = conditions(clause)
    measures = Measures(columns, name)
    outputs = _outputs(clause, measures, partition, [at for at, _ in order])
    return answered(clause, rows, (measures, outputs), defined)


def answered(
    clause: Clause,
    rows: tree.Query,
    shown: tuple[Measures, Sequence[Part]],
    defined: Defined,
    end: int | None = None,
) -> tuple[tree.Relation, list[Field]]:
    """Return the relation of the matches; `end` is the column that bounds a row's frame."""
    name, columns = clause.name, clause.columns
    told, values, known = defined
    items = [tree.Ref(kind, f"{name}r", at) for at, (_, kind) in enumerate(columns)]
    ends = [] if end is None else [items[end]]
    numbers = [tree.Ref(BIGINT, f"{name}r", len(columns) + at) for at in (0, 1)]
    more = (*known, *values, *ends)
    select = tree.Select((*items, *numbers, *more), tree.Derived(f"{name}r", rows))
    kinds = [*columns, *((None, item.type) for item in (*numbers, *more))]
    clause.relations.counter += 1
    cte = (f"w{clause.relations.counter}", tree.Query(select, tuple(kinds)))
    program = _program(clause, told, shown[0], end is not None)
    matched = _matched(clause, cte, program, len(shown[0].found))
    return _answer(clause, cte, matched, shown)


def _check_exclusion(node: MatchRecognize, reader: RowPatternReader) -> None:
    if reader.exclusion is not None and node.args["rows"] == "with":
        message = "Pattern exclusion syntax is not allowed when ALL ROWS PER MATCH WITH UNMATCHED "
        where = place_at(reader.text, reader.exclusion)
        raise TrinoError("INVALID_ROW_PATTERN", f"{message}ROWS is specified", *where)


def _label(name: exp.Expr) -> str:
    return canonical(name.name, bool(name.args.get("quoted")))


def variables(node: MatchRecognize, reader: RowPatternReader) -> dict[str, tuple[str, ...]]:
    """Return the pattern variables, those of SUBSET with what they stand for; check the names."""
    found: dict[str, tuple[str, ...]] = {label: (label,) for label in reader.labels}
    for subset in parts_of(node, "subsets"):
        union, *elements = subset.expressions
        if _label(union) in found:
            what = "primary" if _label(union) in reader.labels else "union"
            message = f"union pattern variable name: {_label(union)} is a duplicate of {what} "
            raise fail("INVALID_LABEL", f"{message}pattern variable name", union)
        for element in elements:
            if _label(element) not in reader.labels:
                message = f"subset element: {_label(element)} is not a primary pattern variable"
                raise fail("INVALID_LABEL", message, element)
        found[_label(union)] = tuple(map(_label, elements))
    defined: set[str] = set()
    for definition in parts_of(node, "define"):
        name = definition.expressions[0]
        if _label(name) not in reader.labels:
            message = f"defined variable: {_label(name)} is not a primary pattern variable"
            raise fail("INVALID_LABEL", message, name)
        if _label(name) in defined:
            message = f"pattern variable with name: {_label(name)} is defined twice"
            raise fail("INVALID_LABEL", message, name)
        defined.add(_label(name))
    _, after, shown = node.args["after"]
    if after and after not in found:
        raise fail("INVALID_LABEL", f"{after} is not a primary or union pattern variable", shown)
    return found


def _input_column(fields: Sequence[Field], node: exp.Expr, clause: Clause) -> int:
    """Return the number of the input's column that a key is."""
    if not isinstance(node, exp.Column):
        message = f"Expected column reference. Actual: {node.sql('trino')}"
        raise fail("INVALID_COLUMN_REFERENCE", message, node)
    names = [part.name.lower() for part in node.parts]
    marked = [
        Field(one.name, one.alias, tree.Ref(one.expr.type, "", at), one.database)
        for at, one in enumerate(fields)
    ]
    found = Scope(marked).find(names, node)
    if not isinstance(found, tree.Ref):
        name = ".".join(names)
        raise fail("COLUMN_NOT_FOUND", f"Column {name} is not present in the input relation", node)
    return found.index


def _order(fields: Sequence[Field], clause: Clause) -> list[tuple[int, tree.SortKey]]:
    """Return the keys of ORDER BY with the columns they are."""
    order = clause.node.args.get("order")
    found: list[tuple[int, tree.SortKey]] = []
    for key in order.expressions if order is not None else ():
        at = _input_column(fields, key.this, clause)
        column = tree.Ref(fields[at].expr.type, f"{clause.name}i", at)
        descending, first = bool(key.args.get("desc")), bool(key.args.get("nulls_first"))
        found.append((at, tree.SortKey(column, descending, first)))
    return found


def numbered(
    clause: Clause,
    source: tree.Relation,
    fields: Sequence[Field],
    partition: Sequence[int],
    order: Sequence[tuple[int, tree.SortKey]],
) -> tree.Query:
    """Return the input with the number of each row and of its partition's first row."""
    columns = tuple(clause.columns)
    inner = tree.Query(tree.Select(tuple(one.expr for one in fields), source), columns)
    given = f"{clause.name}i"
    items = tuple(tree.Ref(kind, given, at) for at, (_, kind) in enumerate(columns))
    keys = tuple(tree.SortKey(items[at], False, False) for at in partition)
    sort = (*keys, *(key for _, key in order))
    number = tree.Window(BIGINT, "{call:row_number}()", (), (), sort, None)
    select = tree.Select((*items, number), tree.Derived(given, inner))
    counted = tree.Query(select, (*columns, (None, BIGINT)))
    given = f"{clause.name}p"
    items = tuple(tree.Ref(kind, given, at) for at, (_, kind) in enumerate(counted.columns))
    first: tree.Expr = tree.Constant(BIGINT, "1")
    if partition:
        groups = tuple(items[at] for at in partition)
        first = tree.Window(BIGINT, "{call:min}({0})", (items[-1],), groups, (), None)
    select = tree.Select((*items, first), tree.Derived(given, counted))
    return tree.Query(select, (*counted.columns, (None, BIGINT)))


def conditions(clause: Clause) -> Defined:
    """Analyse DEFINE: how each variable is decided, what of each row is needed, what is known."""
    found: list[dict[str, Any]] = [{} for _ in clause.program.labels]
    values: list[tree.Expr] = []
    known: list[tree.Expr] = []
    relation = f"{clause.name}r"
    for definition in parts_of(clause.node, "define"):
        name, node = definition.expressions
        at = clause.program.labels.index(_label(name))
        near = Neighbours(clause.columns, relation, _label(name), clause.framed)
        try:
            condition = _boolean(clause.expressions(near, True), node)
        except StatefulError:
            condition = None
        if condition is not None and not failing.can_fail(condition):
            found[at] = {"bits": len(known)}
            known.append(condition)
            continue
        # What can fail is asked for the rows only that a match gets to.
        far = Remembered(clause.columns, relation, clause.numbers(), values)
        asked = _boolean(clause.expressions(far, True), node)
        if match_clauses.asks_tables(asked):
            what = "A query in a condition of DEFINE that is asked row by row"
            raise not_supported(what, *place(node))
        names = tuple(f"v{one}" for one in range(len(far.parameters)))
        body = tree.Lambda(BOOLEAN, names, asked)
        found[at] = {"condition": body, "parameters": far.parameters}
    return found, values, known


def _boolean(rules: PatternExpressions, node: exp.Expr) -> tree.Expr:
    found = rules.analyse(node, Scope([]))
    if found.type.name == "unknown":
        return tree.Constant(BOOLEAN, None)
    if found.type != BOOLEAN:
        message = f"Expression defining a label must be boolean (actual type: {found.type})"
        raise fail("TYPE_MISMATCH", message, node)
    return found


def _outputs(
    clause: Clause, measures: Measures, partition: Sequence[int], order: Sequence[int]
) -> list[Part]:
    """Return the columns of the answer."""
    node, columns = clause.node, clause.columns
    everything = node.args["rows"] != "one"
    rules = clause.expressions(measures, False)
    computed: list[Part] = []
    for measure in parts_of(node, "measures"):
        if not isinstance(measure, exp.Alias):
            raise fail("SYNTAX_ERROR", "mismatched input. Expecting: 'AS'", measure)
        value = rules.analyse(measure.this, Scope([]))
        if node.args["rows"] == "with":
            held = "CASE WHEN {0} IS NOT NULL THEN {1} END"
            value = tree.Apply(value.type, held, (measures.number(), value))
        computed.append((measure.alias, value))
    before = list(dict.fromkeys([*partition, *(order if everything else ())]))
    after = [at for at in range(len(columns)) if at not in before] if everything else []

    def column(at: int) -> Part:
        return columns[at][0], tree.Ref(columns[at][1], f"{clause.name}b", at)

    outputs = [*map(column, before), *computed, *map(column, after)]
    if not outputs:
        message = "pattern recognition output table has no columns"
        found = places.relation(node.this) or place(node.this)
        raise TrinoError("TABLE_HAS_NO_COLUMNS", message, *found)
    return outputs


def _program(
    clause: Clause, conditions: Sequence[dict[str, Any]], measures: Measures, bounded: bool
) -> tree.Lambda:
    """Return what the matcher is told: a text, and the conditions whose text is not known yet."""
    mode, after, _ = clause.node.args["after"]
    numbers = clause.numbers()
    skip: list[Any] = [mode]
    if after:
        skip.append([numbers[label] for label in clause.variables[after]])
    search = clause.node.args.get("search")
    bodies = [one["condition"] for one in conditions if "condition" in one]
    plain = [
        {**one, "condition": bodies.index(one["condition"])} if "condition" in one else one
        for one in conditions
    ]
    told = {
        "code": clause.program.code,
        "names": clause.program.labels,
        "conditions": plain,
        "skip": skip,
        "rows": _MODES[clause.node.args["rows"]],
        "seeks": search is not None and search.name == "SEEK",
        "framed": clause.framed,
        "bounded": bounded,
        "leaves": [match_clauses.described(one, numbers) for one in measures.found],
    }
    text = tree.Constant(VARCHAR, json.dumps(told))
    whole = tree.Apply(VARCHAR, "@match_program", (text, *bodies))
    return tree.Lambda(VARCHAR, (), whole)


def _matched(
    clause: Clause,
    cte: tuple[str, tree.Query],
    program: tree.Lambda,
    navigations: int,
) -> tree.Query:
    """Return the matcher's answer: a row for each row of each match, in order."""
    width = len(clause.columns)
    given = f"{clause.name}g"
    number, part = (tree.Ref(BIGINT, given, width + at) for at in (0, 1))
    order = (tree.SortKey(number, False, False),)
    lists: list[tree.Expr] = []
    for at in range(width + 2, len(cte[1].columns)):
        column = tree.Ref(cte[1].columns[at][1], given, at)
        kind = array(column.type)
        lists.append(tree.Aggregate(kind, "{call:list}({0})", (column,), order=order))
    count = tree.Aggregate(BIGINT, "{call:count}(*)", ())
    items = (part, count, *lists)
    kinds = tuple((None, item.type) for item in items)
    grouped = tree.Query(tree.Select(items, tree.CteRef(given, cte[0]), groups=((part,),)), kinds)
    inner = (BIGINT, BIGINT, VARCHAR, BOOLEAN, BIGINT, BIGINT, *((BIGINT, VARCHAR) * navigations))
    row = Type("row", (), inner, ("",) * len(inner))
    given = f"{clause.name}u"
    args = tuple(tree.Ref(item.type, given, at) for at, item in enumerate(items))
    call = tree.Apply(array(row), "{py:match_recognize.rows}", (program.body, *args))
    unnested = tree.Apply(row, "unnest({0})", (call,))
    flat = tree.Query(tree.Select((unnested,), tree.Derived(given, grouped)), ((None, row),))
    given = f"{clause.name}s"
    whole = tree.Ref(row, given, 0)
    members = tuple(tree.Apply(kind, f'({{0}})."f{at}"', (whole,)) for at, kind in enumerate(inner))
    kinds = tuple((None, kind) for kind in inner)
    return tree.Query(tree.Select(members, tree.Derived(given, flat)), kinds)


def _answer(
    clause: Clause,
    cte: tuple[str, tree.Query],
    matched: tree.Query,
    shown: tuple[Measures, Sequence[Part]],
) -> tuple[tree.Relation, list[Field]]:
    """Return the relation: the answer joined to the rows it means, measures computed."""
    measures, outputs = shown
    name, width = clause.name, len(clause.columns)
    same = "{0} = {1}"

    def joined(left: tree.Relation, kind: str, alias: str, row: tree.Expr) -> tree.Relation:
        other = tree.Ref(BIGINT, alias, width)
        on = tree.Apply(BOOLEAN, same, (other, row))
        return tree.Join(kind, left, tree.CteRef(alias, cte[0]), on)

    source: tree.Relation = tree.Derived(f"{name}o", matched)
    source = joined(source, "INNER", f"{name}b", measures.answer(match_clauses.ROW))
    for at in range(len(measures.found)):
        source = joined(source, "LEFT", f"{name}n{at}", measures.row(at))
    kept = measures.answer(match_clauses.KEPT, BOOLEAN)
    order = [measures.answer(at) for at in (match_clauses.PART, match_clauses.SEQUENCE)]
    items = (*(item for _, item in outputs), kept, *order)
    query = tree.Query(tree.Select(items, source), tuple((None, item.type) for item in items))
    relation = f"{name}a"
    refs = [tree.Ref(item.type, relation, at) for at, item in enumerate(items)]
    columns = tuple((label, item.type) for label, item in outputs)
    final = tree.Select(
        tuple(refs[: len(outputs)]), tree.Derived(relation, query), where=refs[len(outputs)]
    )
    keys = tuple(tree.SortKey(ref, False, False) for ref in refs[len(outputs) + 1 :])
    whole = tree.Query(final, columns, (cte,), keys)
    alias = clause.node.args.get("alias")
    named = clause.relations.renamed(whole, alias.columns if alias is not None else [], clause.node)
    known = alias.name.lower() if alias is not None and alias.this is not None else None
    fields = [
        Field(label, known, tree.Ref(kind, name, at))
        for at, (label, kind) in enumerate(named.columns)
    ]
    return tree.Derived(name, named), fields
