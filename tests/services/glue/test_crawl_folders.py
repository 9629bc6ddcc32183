"""Which folders are tables and which are partitions, rule by rule of AWS's pages.

https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html
https://repost.aws/knowledge-center/glue-crawler-detect-schema
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lakebed.engines.crawl import UNKNOWN, Column
from lakebed.services.glue._crawl_folders import Folder, Form, Kind, Policy, grouped

A = "id:bigint name:string"
B = "city:string country:string"
CSV, JSON, PARQUET = Form("csv"), Form("json"), Form("parquet")
GZIPPED = Form("csv", "gzip")
TABS = Form("csv", parameters={"delimiter": "\t"})


def columns(text: str) -> tuple[Column, ...]:
    return tuple(Column(*one.split(":", 1)) for one in text.split())


def kind(text: str, form: Form = CSV, files: int = 1, names: tuple[str, ...] = ()) -> Kind:
    return Kind(form, columns(text), files, 10 * files, 2 * files, names)


def folder(path: str, text: str = A, form: Form = CSV, files: int = 1) -> Folder:
    return Folder(path, (kind(text, form, files),))


def made(*folders: Folder, root: str = "", policy: Policy | None = None) -> dict[str, str]:
    """Return the tables: `path` → partition keys and number of leaves."""
    tables = grouped(root, folders, policy or Policy())
    return {one.path: f"{' '.join(one.keys)}|{len(one.leaves)}" for one in tables}


def test_a_folder_of_like_files_is_a_table() -> None:
    assert made(folder("data/")) == {"": "partition_0|1"}
    assert made(folder("data/"), root="data/") == {"data/": "|1"}


def test_hive_style_folders_are_partitions_with_their_keys() -> None:
    days = [
        folder(f"sales/year=2019/month={month}/day={day}/")
        for month in ("Jan", "Feb")
        for day in "12"
    ]
    assert made(*days, root="sales/") == {"sales/": "year month day|4"}


def test_other_folders_are_partitions_by_position() -> None:
    days = [folder(f"logs/2017/{month}/{day}/") for month in ("01", "02") for day in ("01", "02")]
    assert made(*days, root="logs/") == {"logs/": "partition_0 partition_1 partition_2|4"}


def test_tables_alike_below_one_path_are_one_table() -> None:
    parts = [folder(f"folder1/table1/p{at}/") for at in (1, 2, 3)]
    parts += [folder(f"folder1/table2/p{at}/") for at in (4, 5)]
    assert made(*parts, root="folder1/") == {"folder1/": "partition_0 partition_1|5"}
    assert made(*parts[:3], root="folder1/table1/") == {"folder1/table1/": "partition_0|3"}


def test_folders_that_differ_are_tables_each() -> None:
    both = (folder("t/year=2017/", A), folder("t/year=2018/", B))
    assert made(*both, root="t/") == {"t/year=2017/": "|1", "t/year=2018/": "|1"}


def test_compatible_schemas_are_combined_if_asked() -> None:
    both = (folder("t/year=2017/", "a:int b:int"), folder("t/year=2018/", "c:int d:int"))
    [table] = grouped("t/", both, Policy(combines=True))
    assert (table.path, table.keys) == ("t/", ("year",))
    assert table.columns == columns("a:int b:int c:int d:int")


def test_eight_of_ten_files_make_one_table_with_the_columns_of_both() -> None:
    ten = Folder("f/", (kind(A, JSON, 8, ("a",)), kind(B, JSON, 2, ("b",))))
    [table] = grouped("f/", [ten], Policy())
    assert (table.path, table.columns) == ("f/", columns(f"{A} {B}"))


def test_seven_of_ten_files_are_not_enough() -> None:
    sevens, threes = tuple(f"a{at}.json" for at in range(7)), ("b0.json", "b1.json", "b2.json")
    ten = Folder("f/", (kind(A, JSON, 7, sevens), kind(B, JSON, 3, threes)))
    assert made(ten, root="f/") == {f"f/{name}": "|1" for name in (*sevens, *threes)}


def test_more_than_five_kinds_of_schemas_are_too_many() -> None:
    def kinds(others: int) -> Folder:
        few = [kind(f"x{at}:string", JSON, 1, (f"x{at}",)) for at in range(others)]
        return Folder("f/", (kind(A, JSON, 90, ("a",)), *few))

    assert list(made(kinds(4), root="f/")) == ["f/"]
    assert len(made(kinds(5), root="f/")) == 6


def test_schemas_that_share_more_than_seventy_percent_are_of_one_kind() -> None:
    ten = " ".join(f"c{at}:string" for at in range(10))
    eight = " ".join(f"c{at}:string" for at in range(8))
    seven = " ".join(f"c{at}:string" for at in range(7))
    assert list(made(folder("t/d=1/", ten), folder("t/d=2/", eight), root="t/")) == ["t/"]
    assert len(made(folder("t/d=1/", ten), folder("t/d=2/", seven), root="t/")) == 2


def test_numbers_of_another_width_do_not_make_another_schema() -> None:
    both = (folder("t/d=1/", "id:bigint v:bigint"), folder("t/d=2/", "id:bigint v:double"))
    [table] = grouped("t/", both, Policy())
    assert table.columns == columns("id:bigint v:double")


def test_another_format_or_compression_is_another_table() -> None:
    for other in (JSON, PARQUET, GZIPPED, TABS):
        both = (folder("t/d=1/"), folder("t/d=2/", form=other))
        assert made(*both, root="t/") == {"t/d=1/": "|1", "t/d=2/": "|1"}


def test_formats_in_folders_of_their_own_are_tables_with_partitions() -> None:
    forms = {"csv": CSV, "json": JSON, "parquet": PARQUET}
    days = [
        folder(f"drop/{name}/date=2026-01-0{day}/", form=form)
        for name, form in forms.items()
        for day in (1, 2)
    ]
    assert made(*days, root="drop/") == {f"drop/{name}/": "date|2" for name in forms}


def test_files_of_several_formats_in_a_folder_are_tables_each() -> None:
    mixed = Folder("all/", (kind(A, CSV, 1, ("persons.csv",)), kind(B, JSON, 1, ("regions.json",))))
    assert made(mixed, root="all/") == {"all/persons.csv": "|1", "all/regions.json": "|1"}


def test_most_folders_make_the_partitions_and_the_stray_one_a_table() -> None:
    days = [folder(f"t/day={day}/") for day in range(9)]
    stray = folder("t/day=9/", form=JSON)
    assert made(*days, stray, root="t/") == {"t/": "day|9", "t/day=9/": "|1"}


def test_folders_of_another_depth_are_no_partitions() -> None:
    both = (folder("t/a/x/"), folder("t/b/"))
    assert made(*both, root="t/") == {"t/a/": "partition_0|1", "t/b/": "|1"}


def test_folders_with_other_keys_are_tables_each() -> None:
    assert made(folder("t/year=1/"), folder("t/week=1/"), root="t/") == {
        "t/week=1/": "|1",
        "t/year=1/": "|1",
    }


def test_what_nobody_understands_does_not_split_the_rest() -> None:
    days = [folder("t/d=1/"), folder("t/d=2/"), folder("t/d=3/", "", Form(UNKNOWN))]
    assert made(*days, root="t/") == {"t/": "d|2"}
    with_rubbish = Folder("f/", (kind(A, names=("a",)), kind("", Form(UNKNOWN), names=("r",))))
    assert made(with_rubbish, root="f/") == {"f/": "|1"}


def test_what_nobody_understands_is_a_table_of_its_own_beside_others() -> None:
    assert made(
        folder("x/csv/"), folder("x/json/", B, JSON), folder("x/odd/", "", Form(UNKNOWN)), root="x/"
    ) == {"x/csv/": "|1", "x/json/": "|1", "x/odd/": "|1"}


def test_files_beside_partitions_are_tables_each() -> None:
    beside = Folder("t/", (kind(B, JSON, 1, ("about.json",)),))
    days = [folder("t/d=1/"), folder("t/d=2/")]
    assert made(beside, *days, root="t/") == {"t/": "d|2", "t/about.json": "|1"}


def test_like_files_beside_folders_are_one_table_without_partitions() -> None:
    beside = Folder("t/", (kind(A, CSV, 2, ("a.csv", "b.csv")),))
    [table] = grouped("t/", [beside, folder("t/more/")], Policy())
    assert (table.path, table.keys, table.leaves[0].files) == ("t/", (), 3)


def test_a_table_level_says_where_tables_lie() -> None:
    hours = [
        folder(f"mydataset/{year}/{month}/{day}/")
        for year in ("2019", "2020")
        for month in ("01", "02")
        for day in ("01", "02")
    ]
    assert made(*hours, policy=Policy(level=2)) == {
        "mydataset/": "partition_0 partition_1 partition_2|8"
    }
    assert made(*hours, policy=Policy(level=3)) == {
        "mydataset/2019/": "partition_0 partition_1|4",
        "mydataset/2020/": "partition_0 partition_1|4",
    }


def test_a_table_level_ignores_how_similar_schemas_are() -> None:
    both = (folder("t/d=1/", A), folder("t/d=2/", B))
    assert made(*both, root="t/", policy=Policy(level=2)) == {"t/": "d|2"}


def test_a_key_that_is_a_column_too_is_named_by_its_position() -> None:
    days = [folder(f"t/year={year}/", "year:bigint v:string") for year in (1, 2)]
    assert made(*days, root="t/") == {"t/": "partition_0|2"}


NAMES = st.sampled_from(["a", "b", "year=1", "year=2", "x"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: "/".join(parts) + "/")
KINDS = st.sampled_from([kind(A), kind(B, JSON), kind("", Form(UNKNOWN)), kind("id:double")])


@given(st.dictionaries(PATHS, KINDS, max_size=8), st.booleans(), st.integers(0, 3))
def test_every_known_folder_is_in_one_table_at_most(
    tree: dict[str, Kind], combines: bool, level: int
) -> None:
    folders = [
        Folder(path, (Kind(one.form, one.columns, 1, 10, 2, ("f",)),)) for path, one in tree.items()
    ]
    tables = grouped("", folders, Policy(combines, level))
    leaves = [leaf for table in tables for leaf in table.leaves]
    for path, one in tree.items():
        if one.form.classification != UNKNOWN:
            in_folders = [leaf.path for leaf in leaves if not leaf.is_file]
            holding = [held for held in in_folders if path.startswith(held)]
            alone = [leaf.path for leaf in leaves if leaf.is_file and leaf.path == f"{path}f"]
            # A folder with files may lie in another's, if both are one table without partitions.
            assert len(alone) + (path in holding) == 1 or (holding and not alone)
