"""Which folders are tables and which are partitions: the crawler's heuristics. Pure.

Folders are compared from the innermost outwards. What lies in a folder is one table if its files
have the same format and compression and similar schemas, else each file is one. Sibling folders
are partitions of one table if most of them have the same format, the same structure below and
similar schemas; what does not fit is a table of its own. Schemas are similar if more than 70 % of
them are of one kind, and there are at most five kinds.
https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html
https://repost.aws/knowledge-center/glue-crawler-detect-schema
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec

from lakebed.core.limits import CRAWL_SCHEMA_KINDS_MAX
from lakebed.engines.crawl import UNKNOWN, Column, Storage
from lakebed.engines.crawl.types import Array, Struct, merged_all, parsed, similarity, text

SIMILARITY = 0.7
"""Two schemas that have more than this share of columns in common are of one kind."""
MAJORITY = 0.7
"""More than this share of schemas must be of one kind."""
_NUMBERS = frozenset({"tinyint", "smallint", "int", "bigint", "float", "double"})
_OF_COLUMNS = frozenset({"paths", "avro.schema.literal", "columns", "columns.types"})
"""SerDe parameters that follow from the columns: they say nothing about the format."""

_POSITIONAL = (
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    "org.apache.hadoop.hive.serde2.OpenCSVSerde",
)
"""SerDes that know a column by its position: files that have another order are another table."""
_TYPED = frozenset({"parquet", "orc", "avro"})
"""Files that say their own types: Athena reads an `int` as `bigint`, no `bigint` as `double`."""
_WHOLE = frozenset({"tinyint", "smallint", "int", "bigint"})

Columns = tuple[Column, ...]


class Form(msgspec.Struct, frozen=True):
    """How files are written; only files of one form can be one table.

    `parameters` are those of the table that the format decides (a delimiter, a header).
    """

    classification: str
    compression: str = "none"
    storage: Storage = Storage()
    parameters: dict[str, str] = {}

    def agree(self, left: Columns, right: Columns) -> bool:
        """Tell whether files with these columns can be read as one table's."""
        if self.storage.serde in _POSITIONAL:
            return all(one.name == other.name for one, other in zip(left, right, strict=False))
        if self.classification not in _TYPED:
            return True
        types = {column.name: column.type for column in left}
        return all(_read_as_one(types.get(one.name, one.type), one.type) for one in right)

    @property
    def key(self) -> tuple[object, ...]:
        """What two forms must have in common: all that does not follow from the columns."""
        options = tuple(
            sorted(
                (name, value)
                for name, value in self.storage.serde_parameters.items()
                if name not in _OF_COLUMNS
            )
        )
        own = tuple(sorted(self.parameters.items()))
        return self.classification, self.compression, self.storage.serde, options, own


class Kind(msgspec.Struct, frozen=True):
    """Files of a folder that are of one form and have the same columns.

    `names` are theirs where each may become a table of its own: where the folder has files of more
    than one kind, or subfolders beside its files.
    """

    form: Form
    columns: Columns
    files: int
    size_bytes: int
    records: int
    names: tuple[str, ...] = ()


class Folder(msgspec.Struct, frozen=True):
    """What was found in the files of one folder, not in its subfolders. `path` ends with `/`.

    `path` is the key's prefix; empty for a bucket.
    """

    path: str
    kinds: tuple[Kind, ...]


class Leaf(msgspec.Struct, frozen=True):
    """A folder (or, if `is_file`, a file) of a table's data."""

    path: str
    form: Form
    columns: Columns
    files: int
    size_bytes: int
    records: int
    is_file: bool = False


class Grouped(msgspec.Struct, frozen=True):
    """A table: where it lies, its columns, the names of its partition keys, its leaves.

    A table without partition keys has one leaf, whose path is its own.
    """

    path: str
    columns: Columns
    keys: tuple[str, ...]
    leaves: tuple[Leaf, ...]

    @property
    def form(self) -> Form:
        """The form that all leaves share."""
        return self.leaves[0].form


class Policy(msgspec.Struct, frozen=True):
    """How folders are grouped, as the crawler's Configuration says.

    `combines` ignores how similar schemas are (CombineCompatibleSchemas). `level` is where tables
    lie, a bucket being 1 (TableLevelConfiguration); 0 lets the crawler find out.
    """

    combines: bool = False
    level: int = 0


class _Unit(msgspec.Struct, frozen=True):
    """What can be one table: the levels of folders below a path, how often each schema is there.

    A level is the key of `key=value` folders, empty for others.
    """

    path: str
    levels: tuple[str, ...]
    schemas: Mapping[Columns, int]
    leaves: tuple[Leaf, ...]


class _Found(msgspec.Struct, frozen=True):
    """What a folder and all below it came to: a unit that may grow, tables that are decided."""

    unit: _Unit | None = None
    tables: tuple[Grouped, ...] = ()


def grouped(root: str, folders: Iterable[Folder], policy: Policy) -> list[Grouped]:
    """Return the tables of the folders at and below `root` (empty, or ending with `/`)."""
    tree = _Tree(root, folders)
    found = _visit(tree, root, policy)
    return _tables(found)


class _Tree:
    """Folders by their paths, and the subfolders of each."""

    def __init__(self, root: str, folders: Iterable[Folder]) -> None:
        self.folders: dict[str, Folder] = {}
        self.children: dict[str, list[str]] = {}
        for folder in sorted(folders, key=lambda one: one.path):
            self.folders[folder.path] = folder
            self._hang(root, folder.path)

    def _hang(self, root: str, path: str) -> None:
        while path != root:
            parent = path[: path.rfind("/", 0, -1) + 1]
            siblings = self.children.setdefault(parent, [])
            if siblings and siblings[-1] == path:
                return
            siblings.append(path)
            path = parent


def _visit(tree: _Tree, path: str, policy: Policy) -> _Found:
    children = [_visit(tree, child, policy) for child in tree.children.get(path, ())]
    folder = tree.folders.get(path)
    own = _own(folder, policy) if folder is not None and folder.kinds else None
    if folder is None or own is None:
        return _joined(path, children, policy)
    if all(_is_unknown(child) for child in children):
        return own
    joined = _joined(path, children, policy)
    if _is_unknown(own):
        return joined
    whole = _whole(own, joined, policy)
    # Files beside folders are in no partition, so each of them is a table.
    return whole or _Found(joined.unit, (*_per_file(folder), *joined.tables))


def _whole(own: _Found, joined: _Found, policy: Policy) -> _Found | None:
    """Return files and the folders beside them as one table without partitions, if they can be."""
    if own.unit is None or joined.unit is None or joined.tables or any(joined.unit.levels):
        return None
    schemas = Counter(own.unit.schemas)
    schemas.update(joined.unit.schemas)
    leaves = (*own.unit.leaves, *joined.unit.leaves)
    form = leaves[0].form
    if len({leaf.form.key for leaf in leaves}) > 1 or not _similar(schemas, form, policy):
        return None
    leaf = Leaf(
        own.unit.path,
        form,
        merged_all(schemas),
        sum(one.files for one in leaves),
        sum(one.size_bytes for one in leaves),
        sum(one.records for one in leaves),
    )
    return _Found(_Unit(own.unit.path, (), {leaf.columns: 1}, (leaf,)))


def _own(folder: Folder, policy: Policy) -> _Found:
    """Return what the files of a folder are: together, or each for itself."""
    known = [kind for kind in folder.kinds if kind.form.classification != UNKNOWN]
    kinds = known or list(folder.kinds)
    schemas: Counter[Columns] = Counter()
    for kind in kinds:
        schemas[kind.columns] += kind.files
    form = kinds[0].form
    if len({kind.form.key for kind in kinds}) > 1 or not _similar(schemas, form, policy):
        return _Found(tables=tuple(_per_file(folder)))
    columns = merged_all(kind.columns for kind in kinds)
    leaf = Leaf(
        folder.path,
        form,
        columns,
        sum(kind.files for kind in kinds),
        sum(kind.size_bytes for kind in kinds),
        sum(kind.records for kind in kinds),
    )
    return _Found(unit=_Unit(folder.path, (), {columns: 1}, (leaf,)))


def _per_file(folder: Folder) -> Iterator[Grouped]:
    """Make a table of each file of a folder; what nobody understands is left out."""
    for kind in folder.kinds:
        if kind.form.classification == UNKNOWN:
            continue
        for name in kind.names:
            share = (1, kind.size_bytes // kind.files, kind.records // kind.files)
            leaf = Leaf(folder.path + name, kind.form, kind.columns, *share, is_file=True)
            yield Grouped(leaf.path, kind.columns, (), (leaf,))


def _joined(path: str, children: Sequence[_Found], policy: Policy) -> _Found:
    """Decide whether subfolders are partitions of one table at `path`, or tables each."""
    depth = path.count("/") + 1
    known = [child for child in children if not _is_unknown(child)]
    if not known:
        known, children = list(children), ()
    fitting = _fitting(known)
    fits = {id(child) for child in fitting}
    rest = [child for child in known if id(child) not in fits]
    if len(fitting) > MAJORITY * len(known) and depth >= policy.level:
        units = [child.unit for child in fitting if child.unit is not None]
        schemas: Counter[Columns] = Counter()
        for unit in units:
            schemas.update(unit.schemas)
        asked = Policy(combines=True) if depth == policy.level else policy
        if _similar(schemas, units[0].leaves[0].form, asked):
            levels = (_key_of(units[0].path), *units[0].levels)
            unit = _Unit(path, levels, schemas, tuple(leaf for one in units for leaf in one.leaves))
            extra = [table for child in fitting for table in child.tables]
            return _Found(unit, (*extra, *(table for child in rest for table in _tables(child))))
    return _Found(tables=tuple(table for child in children or known for table in _tables(child)))


def _fitting(children: Sequence[_Found]) -> list[_Found]:
    """Return the most folders that have one format, and one structure below them.

    The columns of all must agree with the usual ones, where the format asks for that.
    """
    alike: dict[object, list[_Found]] = {}
    for child in children:
        if child.unit is not None:
            levels = (_key_of(child.unit.path), *child.unit.levels)
            alike.setdefault((levels, child.unit.leaves[0].form.key), []).append(child)
    most = max(alike.values(), key=len) if alike else []
    units = [child.unit for child in most if child.unit is not None]
    if not units:
        return most
    agree = units[0].leaves[0].form.agree
    schemas: Counter[Columns] = Counter()
    for unit in units:
        schemas.update(unit.schemas)
    usual = max(schemas, key=lambda columns: schemas[columns])
    longest = max((one for one in schemas if agree(one, usual)), key=len)
    return [
        child
        for child in most
        if child.unit is not None and all(agree(one, longest) for one in child.unit.schemas)
    ]


@lru_cache(maxsize=4096)
def _read_as_one(left: str, right: str) -> bool:
    if left == right or {left, right} == {"float", "double"} or {left, right} <= _WHOLE:
        return True
    one, other = parsed(left), parsed(right)
    if isinstance(one, Array) and isinstance(other, Array):
        return _read_as_one(text(one.element), text(other.element))
    if isinstance(one, Struct) and isinstance(other, Struct):
        kinds = dict(one.fields)
        return all(
            _read_as_one(text(kinds.get(name, kind)), text(kind)) for name, kind in other.fields
        )
    return False


def _is_unknown(found: _Found) -> bool:
    unit = found.unit
    return unit is not None and not found.tables and unit.leaves[0].form.classification == UNKNOWN


def _key_of(path: str) -> str:
    """Return the key of a folder `key=value/`, empty for another folder."""
    name, equals, _ = path[path.rfind("/", 0, -1) + 1 : -1].partition("=")
    return name if equals else ""


def _similar(schemas: Mapping[Columns, int], form: Form, policy: Policy) -> bool:
    """Tell whether most schemas are of one kind, and the kinds are few."""
    if len(schemas) < 2:
        return True
    longest = max(schemas, key=len)
    if not all(form.agree(one, longest) for one in schemas):
        return False
    if policy.combines:
        return True
    kinds: list[tuple[Columns, int]] = []
    for columns, count in sorted(schemas.items(), key=lambda one: -one[1]):
        for at, (first, so_far) in enumerate(kinds):
            if similarity(_coarse(first), _coarse(columns)) > SIMILARITY:
                kinds[at] = (first, so_far + count)
                break
        else:
            kinds.append((columns, count))
            if len(kinds) > CRAWL_SCHEMA_KINDS_MAX:
                return False
    return max(count for _, count in kinds) > MAJORITY * sum(schemas.values())


@lru_cache(maxsize=4096)
def _coarse(columns: Columns) -> Columns:
    """Return columns whose numbers are all alike: what has a fraction one day has none the next."""
    return tuple(
        Column(column.name, "number" if column.type in _NUMBERS else column.type)
        for column in columns
    )


def _tables(found: _Found) -> list[Grouped]:
    return [*([] if found.unit is None else [_table(found.unit)]), *found.tables]


def _table(unit: _Unit) -> Grouped:
    columns = merged_all(dict.fromkeys(leaf.columns for leaf in unit.leaves))
    names = {column.name for column in columns}
    keys: list[str] = []
    for at, level in enumerate(unit.levels):
        key = level.lower()
        # A key that the data has as a column, too, would make a table that nobody can query.
        taken = not key or key in names or key in keys
        keys.append(f"partition_{at}" if taken else key)
    return Grouped(unit.path, columns, tuple(keys), unit.leaves)
