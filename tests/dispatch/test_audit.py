"""What the audit log must not hold, and what it holds in its place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lakebed.dispatch.audit import without

HIDDEN = frozenset(("Password", "Properties"))
VALUES = st.recursive(
    st.text(max_size=3) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Password", "Properties", "Name", "x"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


def test_hidden_members_are_named_and_their_values_are_not():
    request = {"Input": {"Name": "n", "Properties": {"a": "s"}}, "List": [{"Password": "s"}, 1]}
    assert without(request, HIDDEN) == {
        "Input": {"Name": "n", "Properties": "HIDDEN_DUE_TO_SECURITY_REASONS"},
        "List": [{"Password": "HIDDEN_DUE_TO_SECURITY_REASONS"}, 1],
    }
    assert request["Input"]["Properties"] == {"a": "s"}


@given(VALUES)
def test_without_hidden_members_a_request_is_itself(value):
    assert without(value, frozenset()) is value
    assert without(value, frozenset(("other",))) == value
