"""Schedules of crawlers, by boto3 and the server's clock: on time, once, after a restart too."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.services.glue._crawler_cron import check_schedule, next_time
from lakebed.testing import start
from tests.cli.owner import owner
from tests.services.glue.crawler_runs import held, make_crawler, put_orders, wait_ready
from tests.services.glue.test_databases import body, error_of

NOON = "cron(0 12 * * ? *)"
DAY = 86_400


@pytest.fixture
def glue(lakebed):
    put_orders(lakebed)
    return lakebed.client("glue")


def schedule(glue):
    return glue.get_crawler(Name="orders")["Crawler"].get("Schedule")


def look(server, days=0.0):
    """Have the server's clock strike, some days from now; return what it did."""
    return owner(server, "crawler-schedules", now=time.time() + days * DAY)["done"]


STARTED, PASSED_OVER = {"started": 1, "passed over": 0}, {"started": 0, "passed over": 1}
NOTHING = {"started": 0, "passed over": 0}


def test_a_schedule_is_stopped_and_started(glue):
    make_crawler(glue, Schedule=NOON)
    assert schedule(glue) == {"ScheduleExpression": NOON, "State": "SCHEDULED"}
    assert error_of(lambda: glue.start_crawler_schedule(CrawlerName="orders")) == (
        "SchedulerRunningException",
        "The schedule of crawler with name orders is already running",
        400,
    )
    assert body(glue.stop_crawler_schedule(CrawlerName="orders")) == {}
    assert schedule(glue) == {"ScheduleExpression": NOON, "State": "NOT_SCHEDULED"}
    assert error_of(lambda: glue.stop_crawler_schedule(CrawlerName="orders")) == (
        "SchedulerNotRunningException",
        "The schedule of crawler with name orders isn't running",
        400,
    )
    assert body(glue.start_crawler_schedule(CrawlerName="orders")) == {}
    assert schedule(glue) == {"ScheduleExpression": NOON, "State": "SCHEDULED"}


def test_a_schedule_is_set_and_taken_away(glue):
    make_crawler(glue)
    assert schedule(glue) is None
    assert error_of(lambda: glue.start_crawler_schedule(CrawlerName="orders")) == (
        "NoScheduleException", "Crawler with name orders has no schedule", 400,
    )  # fmt: skip
    assert body(glue.update_crawler_schedule(CrawlerName="orders", Schedule=NOON)) == {}
    assert schedule(glue) == {"ScheduleExpression": NOON, "State": "SCHEDULED"}
    glue.update_crawler_schedule(CrawlerName="orders", Schedule="")
    assert schedule(glue) is None
    missing = ("EntityNotFoundException", "Crawler with name nope does not exist", 400)
    for operation in (
        glue.update_crawler_schedule, glue.start_crawler_schedule, glue.stop_crawler_schedule,
    ):  # fmt: skip
        assert error_of(lambda: operation(CrawlerName="nope")) == missing  # noqa: B023


def test_a_crawler_is_started_when_it_is_due_and_never_twice(lakebed, glue):
    make_crawler(glue, Schedule=NOON)
    assert look(lakebed) == NOTHING
    assert look(lakebed, days=1) == STARTED
    wait_ready(glue)
    assert look(lakebed, days=1) == NOTHING
    assert look(lakebed, days=9) == STARTED
    wait_ready(glue)
    assert look(lakebed, days=9) == NOTHING
    assert len(glue.list_crawls(CrawlerName="orders")["Crawls"]) == 2


def test_a_crawler_that_runs_is_passed_over(lakebed, glue):
    with held(lakebed, "orders"):
        glue.update_crawler_schedule(CrawlerName="orders", Schedule=NOON)
        assert look(lakebed, days=1) == PASSED_OVER
    assert wait_ready(glue)["LastCrawl"]["Status"] == "SUCCEEDED"
    assert look(lakebed, days=1) == NOTHING
    assert look(lakebed, days=2) == STARTED
    wait_ready(glue)


def test_a_stopped_or_deleted_schedule_starts_nothing(lakebed, glue):
    make_crawler(glue, Schedule=NOON)
    make_crawler(glue, "gone", Schedule=NOON)
    glue.stop_crawler_schedule(CrawlerName="orders")
    glue.update_crawler_schedule(CrawlerName="orders", Schedule="cron(5 * * * ? *)")
    glue.delete_crawler(Name="gone")
    assert look(lakebed, days=3) == NOTHING
    glue.start_crawler_schedule(CrawlerName="orders")
    assert look(lakebed, days=3) == STARTED
    wait_ready(glue)


def test_a_schedule_is_kept_by_every_account_and_region(lakebed):
    keys = {"aws_access_key_id": "111122223333", "aws_secret_access_key": "test"}
    other = lakebed.client("glue", region_name="eu-west-1", **keys)
    s3 = lakebed.client("s3", **keys)
    s3.create_bucket(Bucket="theirs")
    targets = {"S3Targets": [{"Path": "s3://theirs/"}]}
    make_crawler(other, Schedule=NOON, Targets=targets)
    assert look(lakebed, days=1) == STARTED
    assert wait_ready(other)["LastCrawl"]["Status"] == "SUCCEEDED"


def test_a_schedule_survives_a_restart_and_is_on_time_by_itself(tmp_path):
    server = start(tmp_path / "data")
    put_orders(server)
    make_crawler(server.client("glue"), Schedule="cron(*/5 * * * ? *)")
    look(server, days=-2)  # nothing is due in the past, and the next time is not moved
    server.kill()
    server = start(tmp_path / "data")
    try:
        glue = server.client("glue")
        assert look(server, days=0.01) == STARTED
        assert wait_ready(glue)["LastCrawl"]["Status"] == "SUCCEEDED"
    finally:
        server.stop()


@pytest.mark.parametrize(
    "expression",
    [
        "rate(5 minutes)", "0 12 * * ? *", "cron(0 12 * * *)", "cron(0 12 * * * *)",
        "cron(60 12 * * ? *)", "cron(0 24 * * ? *)", "cron(0 12 ? * ? *)", "cron(0 12 32 * ? *)",
        "cron(* * * * ? *)", "cron(*/4 * * * ? *)", "cron(0,3 1 * * ? *)", "cron(2,58 * * * ? *)",
        "cron(0 12 ? * 2#1 *)", "cron()", "cron(" + "0," * 200 + "0 1 * * ? *)",
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(glue, expression):
    code, message, status = error_of(lambda: make_crawler(glue, Schedule=expression))
    assert (code, status) == ("InvalidInputException", 400)
    assert message.startswith(f"Invalid schedule expression {expression}: ")


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("cron(15 12 * * ? *)", "2026-11-21 12:14:59", "2026-11-21 12:15"),
        ("cron(15 12 * * ? *)", "2026-11-21 12:15:00", "2026-11-22 12:15"),
        ("cron(0/10 * ? * MON-FRI *)", "2026-11-21 12:15:00", "2026-11-23 00:00"),
        ("cron(0 8 1 * ? *)", "2026-11-21 12:15:00", "2026-12-01 08:00"),
        ("cron(0 0 L * ? *)", "2026-11-21 12:15:00", "2026-11-30 00:00"),
        ("cron(0 0 15W * ? *)", "2026-11-21 12:15:00", "2026-12-15 00:00"),
        ("cron(0 0 ? * 6L *)", "2026-11-21 12:15:00", "2026-11-27 00:00"),
        ("cron(0 0 29 2 ? *)", "2096-03-01 00:00:00", "2104-02-29 00:00"),
        ("cron(0 0 1 1 ? 2030)", "2026-11-21 12:15:00", "2030-01-01 00:00"),
        ("cron(0 0 1 1 ? 2020)", "2026-11-21 12:15:00", None),
        ("cron(0 0 31 2 ? *)", "2026-11-21 12:15:00", None),
    ],
)
def test_the_next_time_of_a_schedule(expression, after, expected):
    begin = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = next_time(expression, begin.timestamp())
    shown = None if found is None else f"{datetime.fromtimestamp(found, UTC):%Y-%m-%d %H:%M}"
    assert shown == expected


STEPS = st.sampled_from([5, 6, 10, 12, 15, 20, 30])
HOURS = st.lists(st.integers(0, 23), min_size=1, max_size=4, unique=True)


@given(STEPS, HOURS, st.integers(1_700_000_000, 1_900_000_000))
def test_times_follow_each_other_no_closer_than_five_minutes(step, hours, after):
    expression = f"cron(0/{step} {','.join(map(str, hours))} * * ? *)"
    check_schedule(expression)
    begin = datetime.fromtimestamp(after, UTC)
    found = datetime.fromtimestamp(next_time(expression, after), UTC)
    assert begin < found <= begin + timedelta(days=1, minutes=60)
    assert (found.hour in hours, found.minute % step, found.second) == (True, 0, 0)
    later = next_time(expression, found.timestamp())
    assert later - found.timestamp() >= 300


@given(st.text(max_size=30))
def test_any_text_is_a_schedule_or_refused(text):
    code = "InvalidInputException"
    try:
        check_schedule(f"cron({text})")
    except AwsError as error:
        code = error.code
    assert code == "InvalidInputException"
