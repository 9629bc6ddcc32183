"""Job bookmarks: only a run that SUCCEEDED moves them. Scripts here write what `awsglue` writes."""

from __future__ import annotations

import json

import pytest

from tests.services.glue.job_runs import Jobs, shell_engine, shell_server
from tests.services.glue.test_databases import body, error_of

ENABLED = {"--job-bookmark-option": "job-bookmark-enable"}
COUNTING = """
import json, os, sys
folder = os.environ["LAKEBED_JOB_RUN_DIR"]
path = os.path.join(folder, "bookmark.json")
state = json.load(open(path)) if os.path.exists(path) else None
upto = os.path.join(folder, "bookmark.upto.json")
print(json.dumps([state, json.load(open(upto)) if os.path.exists(upto) else None]))
count = (state or {}).get("ctx", 0) + 1
with open(os.path.join(folder, "bookmark.next.json"), "w") as file:
    json.dump({"ctx": count}, file)
if "--fail" in sys.argv: raise ValueError("late")
if "--die" in sys.argv: os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    with shell_server(shell_engine(tmp_path_factory.mktemp("engines"))) as lakebed:
        yield lakebed


@pytest.fixture
def jobs(shell):
    shell.reset()
    jobs = Jobs(shell)
    jobs.shell(COUNTING)
    return jobs


def read(jobs, row):
    """Return what a run found: the bookmark before it, and up to where."""
    return json.loads(jobs.lines(row["Id"])[0])


def test_each_run_begins_where_the_last_one_ended(jobs):
    rows = [jobs.run(Arguments=ENABLED) for _ in range(3)]
    assert [read(jobs, row) for row in rows] == [[{}, None], [{"ctx": 1}, None], [{"ctx": 2}, None]]
    entry = jobs.glue.get_job_bookmark(JobName="job")["JobBookmarkEntry"]
    assert entry == {
        "JobName": "job",
        "Version": 3,
        "Run": 3,
        "Attempt": 0,
        "PreviousRunId": rows[1]["Id"],
        "RunId": rows[2]["Id"],
        "JobBookmark": '{"ctx": 3}',
    }
    named = jobs.glue.get_job_bookmark(JobName="job", RunId=rows[0]["Id"])["JobBookmarkEntry"]
    assert (named["Run"], named["JobBookmark"]) == (1, '{"ctx": 1}')


@pytest.mark.parametrize("how", ["--fail", "--die"])
def test_a_run_that_does_not_succeed_never_moves_the_bookmark(jobs, how):
    jobs.run(Arguments=ENABLED)
    assert jobs.run(Arguments={**ENABLED, how: "1"})["JobRunState"] == "FAILED"
    again = jobs.run(Arguments=ENABLED)
    assert read(jobs, again) == [{"ctx": 1}, None]
    entry = jobs.glue.get_job_bookmark(JobName="job")["JobBookmarkEntry"]
    assert (entry["Run"], entry["Version"], entry["JobBookmark"]) == (3, 2, '{"ctx": 2}')


def test_without_the_option_there_is_no_bookmark(jobs):
    assert read(jobs, jobs.run()) == [None, None]
    missing = error_of(lambda: jobs.glue.get_job_bookmark(JobName="job"))
    assert missing == ("EntityNotFoundException", "Continuation for job job not found.", 400)


def test_an_option_that_nobody_knows_is_refused(jobs):
    wrong = error_of(lambda: jobs.start(Arguments={"--job-bookmark-option": "enable"}))
    assert wrong[:2] == (
        "InvalidInputException",
        "Invalid value of --job-bookmark-option: enable",
    )


def test_a_paused_run_reads_the_bookmark_and_leaves_it(jobs):
    paused = {"--job-bookmark-option": "job-bookmark-pause"}
    runs = [jobs.run(Arguments=ENABLED)["Id"] for _ in range(2)]
    assert read(jobs, jobs.run(Arguments=paused)) == [{"ctx": 2}, None]
    span = {**paused, "--job-bookmark-from": runs[0], "--job-bookmark-to": runs[1]}
    assert read(jobs, jobs.run(Arguments=span)) == [{"ctx": 1}, {"ctx": 2}]
    entry = jobs.glue.get_job_bookmark(JobName="job")["JobBookmarkEntry"]
    assert entry["JobBookmark"] == '{"ctx": 2}'
    half = error_of(lambda: jobs.start(Arguments={**paused, "--job-bookmark-from": runs[0]}))
    assert half[1] == "--job-bookmark-from and --job-bookmark-to must be given together."


def test_a_reset_rewinds_to_a_run_or_to_the_beginning(jobs):
    runs = [jobs.run(Arguments=ENABLED)["Id"] for _ in range(3)]
    rewound = jobs.glue.reset_job_bookmark(JobName="job", RunId=runs[0])["JobBookmarkEntry"]
    assert (rewound["RunId"], rewound["JobBookmark"]) == (runs[0], '{"ctx": 1}')
    assert read(jobs, jobs.run(Arguments=ENABLED)) == [{"ctx": 1}, None]
    reset = body(jobs.glue.reset_job_bookmark(JobName="job"))["JobBookmarkEntry"]
    assert (reset["Run"], reset["JobBookmark"]) == (0, "{}")
    assert read(jobs, jobs.run(Arguments=ENABLED)) == [{}, None]
