"""Jobs that read what is new: the folder of a run, and what moves its bookmark."""

import json
import os
import shutil

import pytest
from awsglue.job import Job


class Runs:
    """Runs of a job, each in a folder of its own, as a server would start them."""

    def __init__(self, glue, tmp_path, monkeypatch):
        self.glue, self.root, self.monkeypatch = glue, tmp_path / "runs", monkeypatch
        self.root.mkdir()
        self.kept = None
        self.count = 0

    def begin(self, option="job-bookmark-enable", before=None, upto=None) -> Job:
        self.count += 1
        self.folder = self.root / str(self.count)
        self.folder.mkdir()
        self.monkeypatch.setenv("LAKEBED_JOB_RUN_DIR", str(self.folder))
        if before is not None or self.kept is not None:
            (self.folder / "bookmark.json").write_text(json.dumps(before or self.kept))
        if upto is not None:
            (self.folder / "bookmark.upto.json").write_text(json.dumps(upto))
        job = Job(self.glue)
        job.init("a job", {"job_bookmark_option": option})
        return job

    def succeed(self, job: Job) -> None:
        job.commit()
        self.kept = json.loads((self.folder / "bookmark.next.json").read_text())


@pytest.fixture
def runs(glue, tmp_path, monkeypatch):
    yield Runs(glue, tmp_path, monkeypatch)
    monkeypatch.delenv("LAKEBED_JOB_RUN_DIR", raising=False)
    Job(glue).init("no job", {})


@pytest.fixture
def lake(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()

    def put(name: str, at: int) -> None:
        (folder / name).write_text(json.dumps({"f": name}))
        os.utime(folder / name, (at, at))

    put.folder = folder
    return put


@pytest.fixture
def names(glue, lake, rows):
    """Return which files a source reads."""

    def read(ctx="source", **options) -> list[str]:
        given = {"paths": [str(lake.folder)], **options}
        made = glue.create_dynamic_frame.from_options("s3", given, "json", transformation_ctx=ctx)
        return [row["f"] for row in rows(made)]

    return read


def test_a_run_reads_what_is_new(runs, lake, names):
    lake("a", 1000)
    lake("b", 1001)
    job = runs.begin()
    assert names() == ["a", "b"]
    runs.succeed(job)
    runs.begin()
    assert names() == []
    lake("c", 1002)
    job = runs.begin()
    assert names() == ["c"]
    runs.succeed(job)
    lake("a", 2000)
    runs.begin()
    assert names() == ["a"], "a file that changed is read again"


def test_files_of_the_last_second_are_told_apart(runs, lake, names):
    lake("a", 1000)
    job = runs.begin()
    assert names() == ["a"]
    runs.succeed(job)
    lake("b", 1000)
    job = runs.begin()
    assert names() == ["b"]
    runs.succeed(job)
    assert sorted(os.path.basename(one) for one in runs.kept["ctx"]["source"]["files"]) == [
        "a",
        "b",
    ]
    (lake.folder / "b").write_text('{"f": "b again"}')
    os.utime(lake.folder / "b", ns=(1000 * 10**9 + 5, 1000 * 10**9 + 5))
    runs.begin()
    assert names() == ["b again"]


def test_without_a_commit_nothing_moves(runs, lake, names):
    lake("a", 1000)
    runs.begin()
    assert names() == ["a"]
    assert not (runs.folder / "bookmark.next.json").exists()
    runs.begin()
    assert names() == ["a"]


def test_a_source_without_a_context_reads_everything(runs, lake, names):
    lake("a", 1000)
    job = runs.begin()
    names("")
    runs.succeed(job)
    assert runs.kept == {"ctx": {}}
    runs.begin()
    assert (names(""), names("other")) == (["a"], ["a"])


def test_disabled_is_the_default(runs, lake, names, glue):
    lake("a", 1000)
    job = runs.begin()
    names()
    runs.succeed(job)
    job = runs.begin("job-bookmark-disable")
    assert names() == ["a"]
    job.commit()
    assert not (runs.folder / "bookmark.next.json").exists()
    Job(glue).init("x", {"JOB_NAME": "x"})
    assert names() == ["a"]


def test_pause_reads_on_and_moves_nothing(runs, lake, names):
    lake("a", 1000)
    job = runs.begin()
    names()
    runs.succeed(job)
    lake("b", 1001)
    job = runs.begin("job-bookmark-pause")
    assert names() == ["b"]
    job.commit()
    assert not (runs.folder / "bookmark.next.json").exists()


def test_pause_reads_between_two_runs(runs, lake, names):
    states = [{"ctx": {}}]
    for at, name in enumerate("abc"):
        lake(name, 1000 + at)
        job = runs.begin()
        names()
        runs.succeed(job)
        states.append(runs.kept)
    runs.begin("job-bookmark-pause", states[1], states[2])
    assert names() == ["b"]
    runs.begin("job-bookmark-pause", states[0], states[3])
    assert names() == ["a", "b", "c"]


def test_bounded_runs_read_everything_in_turn(runs, lake, names):
    for at in range(5):
        lake(f"f{4 - at}", 1000 + at // 2)
    seen = []
    for _ in range(4):
        job = runs.begin()
        seen += names(boundedFiles=2)
        runs.succeed(job)
    assert sorted(seen) == ["f0", "f1", "f2", "f3", "f4"]


def test_other_contexts_keep_their_state(runs, lake, names):
    lake("a", 1000)
    job = runs.begin()
    names("one")
    runs.succeed(job)
    job = runs.begin()
    names("two")
    runs.succeed(job)
    assert sorted(runs.kept["ctx"]) == ["one", "two"]


def test_a_deleted_file_changes_nothing(runs, lake, names):
    lake("a", 1000)
    job = runs.begin()
    names()
    runs.succeed(job)
    shutil.rmtree(lake.folder)
    job = runs.begin()
    assert names() == []
    runs.succeed(job)
    assert runs.kept["ctx"]["source"]["modified"] == 1000


def test_partitions_of_a_table(runs, glue, catalog, s3, rows, prefix):
    catalog.create_table(
        DatabaseName=catalog.database,
        TableInput={
            "Name": "t",
            "PartitionKeys": [{"Name": "y", "Type": "int"}],
            "StorageDescriptor": {
                "Columns": [{"Name": "a", "Type": "int"}],
                "Location": f"s3://glue-in/{prefix}/",
                "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
            },
        },
    )

    def add(year):
        s3.put_object(Bucket="glue-in", Key=f"{prefix}/y={year}/a.json", Body=b'{"a": 1}')
        location = {"Location": f"s3://glue-in/{prefix}/y={year}/"}
        catalog.create_partition(
            DatabaseName=catalog.database,
            TableName="t",
            PartitionInput={"Values": [str(year)], "StorageDescriptor": location},
        )

    def read():
        return rows(glue.create_dynamic_frame.from_catalog(
            catalog.database, "t", transformation_ctx="table"
        ))  # fmt: skip

    add(2025)
    job = runs.begin()
    assert read() == [{"a": 1, "y": 2025}]
    runs.succeed(job)
    add(2026)
    runs.begin()
    assert read() == [{"a": 1, "y": 2026}]


def test_commit_needs_a_job(monkeypatch, glue):
    from awsglue._bookmarks import Bookmarks

    monkeypatch.setattr(Bookmarks, "current", None)
    with pytest.raises(RuntimeError, match="before Job.init"):
        Job(glue).commit()
    assert Job.isInitialized() in (True, False)
