"""Graphs of workflows: what comes after what, and where a run is resumed, for any triggers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lakebed.services.glue._triggers import Trigger
from lakebed.services.glue._workflow_graph import TRIGGER, downstream, graph_of, node_id, resumed

NAMES = "abcdef"


@st.composite
def graphs(draw, is_tree=False):
    """Graphs of triggers that each wait for one job and start another, some of them in circles."""
    triggers = [Trigger("first", "ON_DEMAND", {"Actions": [{"JobName": "a"}]})]
    for at in range(draw(st.integers(0, 7))):
        before = draw(st.integers(0, len(NAMES) - 2))
        after = draw(st.integers(before + 1 if is_tree else 0, len(NAMES) - 1))
        if after == before:
            continue
        condition = {"JobName": NAMES[before], "State": "SUCCEEDED"}
        definition = {
            "Predicate": {"Conditions": [condition]},
            "Actions": [{"JobName": NAMES[after]}],
        }
        triggers.append(Trigger(f"t{at}", "CONDITIONAL", definition))
    return graph_of(triggers)


def jobs(graph):
    return [node for node in graph.nodes if node[0] != TRIGGER]


@given(graphs())
def test_every_edge_leads_between_a_trigger_and_what_is_none(graph):
    assert len(set(graph.nodes)) == len(graph.nodes)
    for before, after in graph.edges:
        assert {before, after} <= set(graph.nodes)
        assert (before[0] == TRIGGER) != (after[0] == TRIGGER)


@given(graphs(), st.data())
def test_what_is_resumed_leads_to_all_that_was_chosen(graph, data):
    chosen = data.draw(st.lists(st.sampled_from(jobs(graph)), min_size=1, unique=True))
    first = resumed(graph, chosen)
    assert first
    assert set(first) <= set(chosen)
    assert set(chosen) <= downstream(graph, first) | set(first)
    for one in first:
        assert not any(one in downstream(graph, [other]) for other in first if other != one)


@given(graphs(is_tree=True))
def test_without_circles_nothing_comes_after_itself(graph):
    for node in graph.nodes:
        after = downstream(graph, [node])
        assert node not in after
        assert all(downstream(graph, [one]) < after for one in after)


def test_a_node_has_an_id_of_its_own_in_each_account_region_and_workflow():
    node = ("JOB", "a")
    ids = {
        node_id(place, workflow, one)
        for place in (("1", "us-east-1"), ("1", "eu-west-1"), ("2", "us-east-1"))
        for workflow in ("v", "w")
        for one in (node, ("CRAWLER", "a"), ("JOB", "b"))
    }
    assert len(ids) == 18
    assert all(len(one) == len("wnode_") + 64 for one in ids)
