"""JSON in the language: literals and the SQL/JSON functions, which have clauses of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import expressions as exp

from lakebed.dialect import json_path, json_text, tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.json_grammar import JsonCall, JsonInput
from lakebed.dialect.operators import coerce
from lakebed.dialect.scopes import Scope, fail
from lakebed.dialect.times import Times
from lakebed.dialect.type_grammar import TypedLiteral
from lakebed.dialect.types import BOOLEAN, INTEGERS, VARBINARY, VARCHAR, Type, is_numeric

JSON = Type("json")
_READ, _DECODED = "{py:json_query.read}", "{py:json_query.decoded}"
_VALUE = (
    '"py json_query.value(VARCHAR, VARCHAR, VARCHAR[]) STRUCT(s VARCHAR, t VARCHAR, n VARCHAR)"'
)
_NESTED = ("array", "map", "row", "varbinary", "json")


def _text(value: str) -> tree.Constant:
    return tree.Constant(VARCHAR, value)


@dataclass
class JsonForms(Times):
    """The part of the expression analyser that knows JSON."""

    def json_literal(self, node: TypedLiteral) -> tree.Expr:
        """Analyse JSON '…'."""
        text = str(node.expression.this)
        try:
            return tree.Constant(JSON, json_text.written(json_text.parsed(text)))
        except ValueError:
            message = f"'{text}' is not a valid JSON literal"
            raise fail("INVALID_LITERAL", message, node) from None

    def json_call(self, node: JsonCall, scope: Scope) -> tree.Expr:
        """Analyse one of the SQL/JSON functions."""
        if node.this == "json_array":
            return self.json_array(node, scope)
        if node.this == "json_object":
            return self.json_object(node, scope)
        source, path_node = node.expressions
        text = self.json_input(source, scope)
        path = self.json_path(path_node)
        given = self.json_parameters(node, path, path_node, scope)
        args = (text, _text(str(path_node.this)), given)
        if node.this == "json_exists":
            on_error = _text(str(node.args.get("error") or "false"))
            return tree.Apply(BOOLEAN, "{py:json_query.exists}", (*args, on_error))
        if node.this == "json_query":
            return self.json_query(node, args)
        return self.json_value(node, args, scope)

    def json_input(self, node: exp.Expr, scope: Scope) -> tree.Expr:
        """Analyse a value that is read as JSON."""
        encoding = "UTF8"
        if isinstance(node, JsonInput):
            encoding, node = str(node.args["encoding"]), node.this
        found = self.analyse(node, scope)
        if found.type.name in ("varchar", "char", "unknown"):
            return coerce(found, VARCHAR)
        if found.type.name == "varbinary":
            return tree.Apply(VARCHAR, _DECODED, (found, _text(encoding)))
        message = f"Cannot read input of type {found.type} as JSON using formatting JSON"
        raise fail("TYPE_MISMATCH", message, node)

    def json_path(self, node: exp.Expr) -> json_path.Path:
        """Read a path, which is a literal."""
        try:
            return json_path.parse(str(node.this))
        except TrinoError as error:
            raise fail(error.name, error.message, node) from error

    def json_parameters(
        self, node: JsonCall, path: json_path.Path, place: exp.Expr, scope: Scope
    ) -> tree.Expr:
        """Analyse what PASSING gives, in the order in which the path asks for it."""
        names: list[str] = node.args.get("names") or []
        values: dict[str, exp.Expr] = dict(zip(names, node.args.get("passing") or [], strict=True))
        out: list[tree.Expr] = []
        for name in dict.fromkeys(path.parameters):
            if name not in values:
                hint = f'. Try quoting "{name}" in the PASSING clause to match case'
                hint = hint if name.upper() in values else ""
                message = f"no value passed for parameter {name}{hint}"
                raise fail("INVALID_PATH", message, place)
            out.append(self.json_parameter(values[name], scope))
        listed = "CAST([{*}] AS VARCHAR[])"
        return tree.Apply(Type("array", (), (VARCHAR,)), listed, tuple(out))

    def json_parameter(self, node: exp.Expr, scope: Scope) -> tree.Expr:
        """Write a parameter as text, its type before it."""
        if isinstance(node, JsonInput):
            return tree.Apply(VARCHAR, "'j:' || {0}", (self.json_input(node, scope),))
        found = self.analyse(node, scope)
        letter = "s"
        if found.type.name in INTEGERS:
            letter = "i"
        elif is_numeric(found.type):
            letter = "d" if found.type.name == "decimal" else "f"
        elif found.type.name == "boolean":
            letter = "b"
        return tree.Apply(VARCHAR, f"'{letter}:' || {{0}}", (tree.Convert(VARCHAR, found),))

    def json_value(self, node: JsonCall, args: tuple[tree.Expr, ...], scope: Scope) -> tree.Expr:
        """Analyse JSON_VALUE: the scalar found, converted; or what its clauses say."""
        returning = node.args.get("returning")
        target = self.type_of(returning) if returning is not None else VARCHAR
        found = tree.Apply(VARCHAR, f"{_VALUE}({{*}})", args)
        # A piece of the struct is asked for three times: the call is bound to a name once.
        text = tree.LambdaRef(VARCHAR, "lb_json_value.t")
        empty, empty_error = self.otherwise(node.args.get("empty"), target, scope)
        failed, failed_error = self.otherwise(node.args.get("error"), target, scope)
        value = tree.Convert(target, _scalar(text, target), safe=target != VARCHAR)
        nothing = "cannot extract SQL scalar from JSON: JSON path found no items"
        declared = "cannot extract SQL scalar from JSON: Cannot cast value of type varchar to "
        declared += f"declared return type of function JSON_VALUE: {target}"
        on_empty = f"lb_raise('JSON_VALUE_RESULT_ERROR', '{nothing}')" if empty_error else "{2}"
        on_error = "lb_raise(lb_json_value.n, lb_json_value.t)" if failed_error else "{3}"
        on_cast = f"lb_raise('JSON_VALUE_RESULT_ERROR', '{declared}')" if failed_error else "{3}"
        template = (
            "list_extract(list_transform([{0}], lambda lb_json_value: CASE lb_json_value.s "
            "WHEN 'v' THEN CASE WHEN lb_json_value.t IS NOT NULL THEN "
            f"coalesce({{1}}, {on_cast}) END WHEN 'e' THEN {on_empty} WHEN 'x' THEN {on_error} "
            "END), 1)"
        )
        return tree.Apply(target, template, (found, value, empty, failed))

    def otherwise(self, found: Any, target: Type, scope: Scope) -> tuple[tree.Expr, bool]:
        """Return the value of a clause and whether it is an error instead."""
        if isinstance(found, exp.Expr):
            return coerce(self.analyse(found, scope), target), False
        return tree.Constant(target, None), found == "error"

    def json_query(self, node: JsonCall, args: tuple[tree.Expr, ...]) -> tree.Expr:
        """Analyse JSON_QUERY."""
        options: dict[str, str] = node.args["options"]
        if options["wrapper"] != "never" and options["quotes"] == "omit":
            kind = "CONDITIONAL" if options["wrapper"] == "several" else "UNCONDITIONAL"
            message = f"OMIT QUOTES behavior specified with WITH {kind} ARRAY WRAPPER behavior"
            raise fail("INVALID_FUNCTION_ARGUMENT", message, node)
        words = (
            options["wrapper"],
            options["quotes"] or "keep",
            str(node.args.get("empty") or "null"),
            str(node.args.get("error") or "null"),
        )
        found = tree.Apply(VARCHAR, "{py:json_query.query}", (*args, _text(" ".join(words))))
        return self.json_output(node, found)

    def json_output(self, node: JsonCall, found: tree.Expr) -> tree.Expr:
        """Convert to the type that RETURNING names."""
        returning = node.args.get("returning")
        if returning is None:
            return found
        target = self.type_of(returning)
        if target == VARBINARY:
            encoding = str(node.args.get("empty") or "UTF8")
            encoding = encoding if encoding.startswith("UTF") else "UTF8"
            return tree.Apply(target, "{py:json_query.encoded}", (found, _text(encoding)))
        if target.name not in ("varchar", "char"):
            message = f"Cannot output JSON value as {target} using formatting JSON"
            raise fail("TYPE_MISMATCH", message, node)
        return tree.Convert(target, found)

    def json_item(self, node: exp.Expr, name: str, scope: Scope) -> tree.Expr:
        """Analyse a member or an element: its JSON text, NULL for NULL."""
        if isinstance(node, JsonInput):
            return tree.Apply(VARCHAR, _READ, (self.json_input(node, scope),))
        found = self.analyse(node, scope)
        if isinstance(node, JsonCall) and node.this in ("json_array", "json_object", "json_query"):
            return coerce(found, VARCHAR)
        if found.type.name in _NESTED and found.type != JSON:
            message = f"Unsupported type of value passed to {name} function: {found.type}"
            raise fail("NOT_SUPPORTED", message, node)
        plain = (*INTEGERS, "boolean", "real", "double", "decimal", "varchar", "unknown")
        if found.type.name not in plain:
            found = tree.Convert(VARCHAR, found)
        return tree.Convert(JSON, found)

    def json_array(self, node: JsonCall, scope: Scope) -> tree.Expr:
        """Analyse JSON_ARRAY."""
        items = tuple(self.json_item(item, "JSON_ARRAY", scope) for item in node.expressions)
        listed = "CAST([{*}] AS VARCHAR[])"
        if node.args["options"]["nulls"] == "null":
            listed = f"list_transform({listed}, lambda lbx: coalesce(lbx, 'null'))"
        template = f"'[' || coalesce(array_to_string({listed}, ','), '') || ']'"
        return self.json_output(node, tree.Apply(VARCHAR, template, items))

    def json_object(self, node: JsonCall, scope: Scope) -> tree.Expr:
        """Analyse JSON_OBJECT."""
        keys: list[tree.Expr] = []
        names: list[exp.Expr] = node.args.get("keys") or []
        for key in names:
            found = self.analyse(key, scope)
            if found.type.name not in ("varchar", "char"):
                message = f"Invalid type of JSON object key: {found.type}"
                raise fail("INVALID_FUNCTION_ARGUMENT", message, key)
            keys.append(coerce(found, VARCHAR))
        items = [self.json_item(item, "JSON_OBJECT", scope) for item in node.expressions]
        options: dict[str, str] = node.args["options"]
        texts = Type("array", (), (VARCHAR,))
        lists = [
            tree.Apply(texts, "CAST([{*}] AS VARCHAR[])", tuple(part)) for part in (keys, items)
        ]
        flags = (
            tree.Constant(BOOLEAN, options["nulls"] == "absent"),
            tree.Constant(BOOLEAN, options["unique"] == "unique"),
        )
        found = tree.Apply(VARCHAR, "{py:json_query.members}", (*lists, *flags))
        return self.json_output(node, found)


def _scalar(text: tree.Expr, target: Type) -> tree.Expr:
    """Return the text of a scalar as a value of its own type becomes one of the target."""
    if target.name == "boolean":
        number = "CAST(TRY_CAST({0} AS DOUBLE) <> 0 AS VARCHAR)"
        template = f"CASE lb_json_value.n WHEN 'n' THEN {number} ELSE {{0}} END"
    elif target.name in INTEGERS:
        number = "CAST(CAST(round(TRY_CAST({0} AS DECIMAL(38,6)), 0) AS DECIMAL(38,0)) AS VARCHAR)"
        whole = (
            f"CASE WHEN contains({{0}}, '.') OR contains({{0}}, 'E') THEN {number} ELSE {{0}} END"
        )
        template = (
            f"CASE lb_json_value.n WHEN 'b' THEN {_TRUTH} WHEN 'n' THEN {whole} ELSE {{0}} END"
        )
    elif is_numeric(target):
        template = f"CASE lb_json_value.n WHEN 'b' THEN {_TRUTH} ELSE {{0}} END"
    else:
        return text
    return tree.Apply(VARCHAR, template, (text,))


_TRUTH = "CASE {0} WHEN 'true' THEN '1' ELSE '0' END"
