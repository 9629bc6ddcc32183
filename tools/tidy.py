"""What the house asks of every file, as rules: `python -m tools.tidy` prints what breaks them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
BANNED_NAMES = frozenset({"utils", "misc", "common", "manager", "helpers"})
NAMED_BY_AWS = frozenset({"lakebed/engines/jobs/spark/libraries/awsglue/utils.py"})
BANNED_TEXT = re.compile(r"\b(TODO|FIXME|XXX)\b|assert True\b|/(?:home|root|work)/\w+")
HEAVY = {
    "duckdb": ("lakebed/engines/sql/duckdb/", "lakebed/engines/object_select/"),
    "awscrt": ("lakebed/digests.py",),
    "cramjam": ("lakebed/engines/delivery/",),
    "jq": ("lakebed/engines/delivery/",),
    "cryptography": (
        "lakebed/cli/tls.py",
        "lakebed/public_keys.py",
        "lakebed/sealing.py",
        "lakebed/services/kms/",
    ),
    "pyarrow": (
        "lakebed/engines/sql/duckdb/",
        "lakebed/engines/crawl/",
        "lakebed/engines/delivery/",
        "lakebed/engines/object_select/",
    ),
    "pg8000": ("lakebed/engines/jdbc/postgresql/",),
    "pymysql": ("lakebed/engines/jdbc/mysql/",),
    "PIL": ("lakebed/engines/crawl/media/",),
    "pypdf": ("lakebed/engines/crawl/media/",),
    "tinytag": ("lakebed/engines/crawl/media/",),
    "sqlglot": ("lakebed/dialect/", "lakebed/engines/sql/duckdb/"),
    "boto3": ("lakebed/testing/", "lakebed/cli/tour"),
    "awswrangler": ("lakebed/cli/tour",),
    "botocore": (),
    "pandas": ("lakebed/cli/tour",),
}
"""Heavy packages of the running server, and the only folders (or files) that may import them."""


def problems(root: Path = ROOT) -> list[str]:
    """Return a line for every broken rule, as `path:line what`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    found: list[str] = []
    for name in sorted(listed):
        path = root / name
        if path.exists():
            found.extend(f"{name}:{problem}" for problem in _file(name, path.read_text("utf-8")))
    found.extend(_missing_tests(root))
    return found


def _file(name: str, text: str) -> Iterator[str]:
    lines = text.splitlines()
    stem = Path(name).stem
    meaningless = BANNED_NAMES & set(Path(name).parts) or stem in BANNED_NAMES
    if meaningless and name not in NAMED_BY_AWS:
        yield f"1 a name that says nothing: {stem}"
    is_ours = name.startswith(("lakebed/", "tools/")) and not name.startswith("lakebed/shapes/")
    if is_ours and len(lines) > FILE_LINES_MAX:
        yield f"1 {len(lines)} lines, the ceiling is {FILE_LINES_MAX}"
    if name != "tools/tidy.py":
        for number, line in enumerate(lines, 1):
            if BANNED_TEXT.search(line):
                yield f"{number} must not stand here: {line.strip()}"
    tree = ast.parse(text)
    if is_ours:
        yield from _functions(tree)
    if name.startswith("lakebed/"):
        yield from _imports(name, tree)
    if name.startswith("lakebed/services/"):
        yield from _operations(name, tree)
    if name.startswith("tests/"):
        yield from _empty_tests(tree)


def _functions(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield f"{node.lineno} {node.name} has {length} lines, over {FUNCTION_LINES_MAX}"


def _imports(name: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module]
        for module in modules:
            allowed = HEAVY.get(module.split(".")[0])
            if allowed is not None and not name.startswith(tuple(allowed)):
                yield f"{getattr(node, 'lineno', 1)} {module} may not be imported here"


def _operations(name: str, tree: ast.Module) -> Iterator[str]:
    """Every public function of a noun's file is an operation: its shape is the contract."""
    if Path(name).stem in ("__init__", "model") or Path(name).stem.startswith("_"):
        return
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        if [argument.arg for argument in node.args.args] != ["ctx", "request"]:
            yield f"{node.lineno} {node.name} must take (ctx, request)"
        if "https://docs.aws.amazon.com/" not in (ast.get_docstring(node) or ""):
            yield f"{node.lineno} {node.name} must link its AWS page"


def _empty_tests(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            asserts = any(
                isinstance(inner, ast.Assert)
                or (isinstance(inner, ast.Attribute) and inner.attr in ("raises", "fail"))
                or (
                    isinstance(inner, ast.Call)
                    and isinstance(inner.func, ast.Name)
                    and inner.func.id.startswith(("assert_", "check_", "refuse"))
                )
                for inner in ast.walk(node)
            )
            if not asserts:
                yield f"{node.lineno} {node.name} asserts nothing"


def _missing_tests(root: Path) -> Iterator[str]:
    for noun in sorted((root / "lakebed" / "services").glob("*/*.py")):
        if noun.stem in ("__init__", "model") or noun.stem.startswith("_"):
            continue
        test = root / "tests" / "services" / noun.parent.name / f"test_{noun.stem}.py"
        if not test.exists():
            yield f"{noun.relative_to(root)}:1 has no {test.relative_to(root)}"


def main() -> int:
    """Print every problem; 1 if there is one."""
    found = problems()
    for problem in found:
        print(problem)
    print(f"tidy: {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
