"""Job bookmarks: only a run that SUCCEEDED moves them. Scripts here write what `awsglue` writes."""

from __future__ import annotations

import json

import pytest

from tests.services.glue.job_runs import Jobs, shell_engine, shell_server
from tests.services.glue.test_databases import body, error_of

ENABLED = {"--job-bookmark-option": "job-bookmark-enable"}
COUNTING = """
import json, os, sys, time
folder = os.environ["LAKEBED_JOB_RUN_DIR"]
path = os.path.join(folder, "bookmark.json")
state = json.load(open(path)) if os.path.exists(path) else None
upto = os.path.join(folder, "bookmark.upto.json")
print(json.dumps([state, json.load(open(upto)) if os.path.exists(upto) else None]))
if "--hold" in sys.argv:
    while not os.path.exists(sys.argv[sys.argv.index("--hold") + 1]): time.sleep(0.01)
count = (state or {}).get("ctx", 0) + 1
if "--forget" in sys.argv: sys.exit()
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


def warnings(jobs, row):
    """Return what a run says of the runs before it."""
    lines = jobs.lines(row["Id"], "error")
    return [line.partition(" by ")[2] for line in lines if "the bookmark was not moved" in line]


def test_a_run_says_which_runs_before_it_did_not_commit(jobs):
    again = ": what was read then is read again, and what was appended then may be there twice"
    assert warnings(jobs, jobs.run(Arguments=ENABLED)) == []
    failed = jobs.run(Arguments={**ENABLED, "--fail": "1"})["Id"]
    died = jobs.run(Arguments={**ENABLED, "--die": "1"})
    assert warnings(jobs, died) == [f"{failed} (FAILED){again}"]
    jobs.run()  # It has no bookmark to move.
    stopped = jobs.start(Arguments={**ENABLED, "--hold": "/none"})
    jobs.wait(stopped, "RUNNING")
    jobs.glue.batch_stop_job_run(JobName="job", JobRunIds=[stopped])
    assert jobs.wait(stopped)["JobRunState"] == "STOPPED"
    forgot = jobs.run(Arguments={**ENABLED, "--forget": "1"})["Id"]
    third = jobs.run(Arguments=ENABLED)
    assert warnings(jobs, third) == [
        f"{forgot} (SUCCEEDED, without Job.commit), {stopped} (STOPPED), {died['Id']} (FAILED), "
        f"{failed} (FAILED){again}"
    ]
    assert read(jobs, third) == [{"ctx": 1}, None]
    assert warnings(jobs, jobs.run(Arguments=ENABLED)) == []


def test_a_run_that_never_began_is_not_said_to_have_read(jobs):
    jobs.s3.delete_object(Bucket="code", Key="job.py")
    assert jobs.run(Arguments=ENABLED)["JobRunState"] == "FAILED"
    jobs.script(COUNTING)
    assert warnings(jobs, jobs.run(Arguments=ENABLED)) == []


def test_after_a_reset_only_what_did_not_commit_since_is_named(jobs):
    jobs.run(Arguments={**ENABLED, "--fail": "1"})
    jobs.run(Arguments=ENABLED)
    jobs.glue.reset_job_bookmark(JobName="job")
    assert warnings(jobs, jobs.run(Arguments={**ENABLED, "--fail": "1"})) == []
    assert len(warnings(jobs, jobs.run(Arguments=ENABLED))) == 1


def test_a_run_that_waited_begins_where_the_one_before_it_ended(jobs, tmp_path):
    jobs.shell(COUNTING, "queued", JobRunQueuingEnabled=True)
    done = tmp_path / "done"
    first = jobs.start("queued", Arguments={**ENABLED, "--hold": str(done)})
    jobs.wait(first, "RUNNING", name="queued")
    second = jobs.start("queued", Arguments=ENABLED)
    jobs.wait(second, "WAITING", name="queued")
    done.touch()
    row = jobs.wait(second, name="queued")
    assert row["JobRunState"] == "SUCCEEDED"
    assert read(jobs, row) == [{"ctx": 1}, None]
    assert warnings(jobs, row) == []
