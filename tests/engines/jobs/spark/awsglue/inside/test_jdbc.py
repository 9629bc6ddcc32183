"""Databases: read in parts and by what is new, written, by options and by connections."""

import json
import os
import uuid

import boto3
import pytest
from awsglue.job import Job

KINDS = {
    "postgresql": ("LAKEBED_TEST_POSTGRES", "jdbc:postgresql://127.0.0.1:{}/shop", "postgres"),
    "mysql": ("LAKEBED_TEST_MARIA", "jdbc:mysql://127.0.0.1:{}/shop", "shop"),
}


@pytest.fixture(params=sorted(KINDS))
def database(request):
    """The options of a connection to a database; skipped where there is none, or no driver."""
    variable, url, user = KINDS[request.param]
    if variable not in os.environ or "LAKEBED_TEST_JARS" not in os.environ:
        pytest.skip("no database or no driver")
    password = "postgres" if user == "postgres" else os.environ["LAKEBED_TEST_PASSWORD"]
    table = f"t{uuid.uuid4().hex[:8]}"
    found = {"url": url.format(os.environ[variable]), "user": user, "password": password}
    return request.param, {**found, "dbtable": table}


@pytest.fixture
def filled(glue, frame, database):
    """A table of ten rows."""
    kind, options = database
    made = frame(*({"id": at, "name": f"n{at}", "score": at / 2} for at in range(10)))
    glue.write_dynamic_frame.from_options(made, kind, options)
    return kind, options


@pytest.fixture
def read(glue, filled):
    kind, options = filled

    def made(ctx="", **more):
        return glue.create_dynamic_frame.from_options(
            kind, {**options, **more}, transformation_ctx=ctx
        )

    return made


def test_what_is_written_is_read_again(read, rows):
    assert rows(read())[3] == {"id": 3, "name": "n3", "score": 1.5}
    assert read().count() == 10


@pytest.mark.parametrize("parts", [
    {"hashfield": "name"}, {"hashfield": "score", "hashpartitions": "3"},
    {"hashexpression": "id - 5", "hashpartitions": 4},
])  # fmt: skip
def test_parts_hold_every_row_once(read, rows, parts):
    made = read(**parts)
    assert [row["id"] for row in rows(made)] == list(range(10))
    assert made.getNumPartitions() == int(parts.get("hashpartitions", 7))


def test_queries_in_the_place_of_a_table(read, rows, filled):
    table = filled[1]["dbtable"]
    assert len(rows(read(sampleQuery=f"select * from {table} where id < 4"))) == 4
    given = {"enablePartitioningForSampleQuery": True, "hashfield": "id", "hashpartitions": 2}
    made = read(sampleQuery=f"select id from {table} where id < 4 and", **given)
    assert [row["id"] for row in rows(made)] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match='must end with "where" or "and"'):
        read(sampleQuery=f"select id from {table}", **given)


def run(monkeypatch, folder, before):
    folder.mkdir()
    monkeypatch.setenv("LAKEBED_JOB_RUN_DIR", str(folder))
    if before is not None:
        (folder / "bookmark.json").write_text(json.dumps(before))
    job = Job(None)
    job.init("j", {"job_bookmark_option": "job-bookmark-enable"})
    return job


@pytest.mark.parametrize(
    ("keys", "order"), [(["id"], "asc"), (["score", "id"], "asc"), (["id"], "desc")]
)
def test_bookmarks_go_by_keys(glue, frame, filled, read, rows, tmp_path, monkeypatch, keys, order):
    given = {"jobBookmarkKeys": keys, "jobBookmarkKeysSortOrder": order}
    before, seen = None, []
    sign = 1 if order == "asc" else -1
    for at, more in enumerate([[], [100], [], [200, 201]]):
        new = [{"id": sign * one, "name": "new", "score": sign * one / 2} for one in more]
        if new:
            glue.write_dynamic_frame.from_options(frame(*new), filled[0], filled[1])
        job = run(monkeypatch, tmp_path / f"r{at}", before)
        seen.append(sorted(row["id"] for row in rows(read("src", **given))))
        job.commit()
        before = json.loads((tmp_path / f"r{at}/bookmark.next.json").read_text())
    assert seen == [list(range(10)), [100 * sign], [], sorted([200 * sign, 201 * sign])]
    monkeypatch.delenv("LAKEBED_JOB_RUN_DIR")
    Job(None).init("none", {})


def test_connections_of_the_catalog(glue, catalog, frame, rows, filled):
    kind, options = filled
    name = f"c{uuid.uuid4().hex[:8]}"
    catalog.create_connection(
        ConnectionInput={
            "Name": name,
            "ConnectionType": "JDBC",
            "ConnectionProperties": {
                "JDBC_CONNECTION_URL": options["url"],
                "USERNAME": options["user"],
                "PASSWORD": options["password"],
            },
        }
    )
    found = glue.extract_jdbc_conf(name)
    assert (found["user"], found["password"], found["vendor"]) == (
        options["user"], options["password"], kind
    )  # fmt: skip
    assert (found["url"], found["fullUrl"]) == (
        options["url"].removesuffix("/shop"),
        options["url"],
    )
    target = {"dbtable": f"{options['dbtable']}_b", "database": "shop"}
    glue.write_dynamic_frame.from_jdbc_conf(frame({"a": 1}), name, target)
    again = glue.create_dynamic_frame.from_options(
        kind, {"connectionName": name, "useConnectionProperties": "true", **target}
    )
    assert rows(again) == [{"a": 1}]


def test_user_and_password_of_a_connection_may_be_a_secret(glue, catalog, rows, filled):
    kind, options = filled
    name = f"c{uuid.uuid4().hex[:8]}"
    secret = {"username": options["user"], "password": options["password"]}
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
    catalog.create_connection(
        ConnectionInput={
            "Name": name,
            "ConnectionType": "JDBC",
            "ConnectionProperties": {"JDBC_CONNECTION_URL": options["url"], "SECRET_ID": name},
        }
    )
    frame = glue.create_dynamic_frame.from_options(
        kind,
        {
            "connectionName": name,
            "useConnectionProperties": "true",
            "dbtable": options["dbtable"],
        },
    )
    assert len(rows(frame)) == 10


def test_what_a_source_must_be_told(glue, database):
    kind, options = database
    with pytest.raises(ValueError, match="dbtable is required"):
        glue.create_dynamic_frame.from_options(kind, {**options, "dbtable": ""})
    with pytest.raises(ValueError, match="url is required"):
        glue.create_dynamic_frame.from_options(kind, {"dbtable": "x"})
    with pytest.raises(NotImplementedError, match="without the driver no.such.Driver"):
        glue.create_dynamic_frame.from_options(
            kind, {**options, "customJdbcDriverClassName": "no.such.Driver"}
        )
