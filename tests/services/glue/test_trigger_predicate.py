"""Predicates of triggers: when they are met, for any conditions and any ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lakebed.services.glue._trigger_predicate import is_met, watched, watches

JOB_STATES = st.sampled_from(["SUCCEEDED", "STOPPED", "FAILED", "TIMEOUT"])
CRAWL_STATES = st.sampled_from(["SUCCEEDED", "FAILED", "CANCELLED"])
NAMES = st.sampled_from("abc")
CONDITIONS = st.one_of(
    st.fixed_dictionaries({"JobName": NAMES, "State": JOB_STATES}),
    st.fixed_dictionaries({"CrawlerName": NAMES, "CrawlState": CRAWL_STATES}),
)
PREDICATES = st.fixed_dictionaries(
    {
        "Logical": st.sampled_from(["AND", "ANY"]),
        "Conditions": st.lists(CONDITIONS, min_size=1, max_size=5),
    }
)
ENDS = st.dictionaries(st.tuples(st.sampled_from(["JOB", "CRAWLER"]), NAMES), JOB_STATES)


@given(PREDICATES, ENDS)
def test_and_wants_all_conditions_and_any_wants_one(predicate, ends):
    alone = [is_met({"Conditions": [one]}, ends) for one in predicate["Conditions"]]
    wanted = all(alone) if predicate["Logical"] == "AND" else any(alone)
    assert is_met(predicate, ends) == wanted


@given(PREDICATES, ENDS)
def test_what_is_met_follows_from_what_is_watched_alone(predicate, ends):
    seen = {what: state for what, state in ends.items() if what in watches(predicate)}
    assert is_met(predicate, seen) == is_met(predicate, ends)
    assert not is_met(predicate, {})


@given(PREDICATES)
def test_a_predicate_is_met_once_all_has_ended_as_it_says(predicate):
    says = list(map(watched, predicate["Conditions"]))
    ends = dict(says)
    is_contradicted = len(set(says)) > len(ends)  # a job that is to have ended in two ways
    assert is_met(predicate, ends) == (predicate["Logical"] == "ANY" or not is_contradicted)


@given(CONDITIONS, ENDS)
def test_a_job_and_a_crawler_of_one_name_are_not_taken_for_each_other(condition, ends):
    (kind, name), state = watched(condition)
    assert is_met({"Conditions": [condition]}, ends) == (ends.get((kind, name)) == state)
    assert kind == ("JOB" if "JobName" in condition else "CRAWLER")
