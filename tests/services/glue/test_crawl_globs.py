"""Exclude patterns of crawlers: AWS's own examples, and what no pattern may do.

https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html
"""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.services.glue._crawl_globs import compiled, excludes


@pytest.mark.parametrize(
    ("pattern", "matches", "leaves"),
    [
        ("*.csv", ["a.csv", ".csv"], ["a.csvx", "d/a.csv"]),
        ("*.*", ["a.b", "."], ["a", "d/a.b"]),
        ("*.{csv,avro}", ["a.csv", "a.avro"], ["a.orc", "a.{csv,avro}"]),
        ("foo.?", ["foo.c"], ["foo.", "foo.cc", "foo./"]),
        ("myfolder/*", ["myfolder/a"], ["myfolder/a/b", "myfolder"]),
        ("myfolder/*/*", ["myfolder/a/b"], ["myfolder/a", "myfolder/a/b/c"]),
        ("myfolder/**", ["myfolder/a", "myfolder/a/b/c"], ["myfolderx", "other/a"]),
        ("myfolder**", ["myfolder/a/b", "myfolderx"], ["amyfolder"]),
        ("Market*", ["Markets"], ["market", "Market/a"]),
        ("**/x.gz", ["a/x.gz", "a/b/x.gz"], ["x.gz"]),
        ("[a-c]?", ["a1", "cc"], ["d1", "a/"]),
        ("[!a-c]1", ["d1"], ["a1", "/1"]),
        (r"[\*?]", ["\\", "*", "?"], ["a"]),
        (r"a\*b\{", ["a*b{"], ["axb{"]),
        ("year=20{15,1[6-8]}/**", ["year=2015/a", "year=2017/b"], ["year=2019/a"]),
        ("a.b+(c)", ["a.b+(c)"], ["axb+(c)"]),
    ],
)
def test_patterns(pattern, matches, leaves):
    assert [one for one in (*matches, *leaves) if excludes([pattern], one)] == matches


def test_a_folder_is_excluded_by_its_name_or_by_all_that_is_in_it():
    assert excludes(["tmp"], "tmp/")
    assert excludes(["tmp/**"], "tmp/")
    assert not excludes(["tmp/*.csv"], "tmp/")
    assert not excludes([], "tmp/")


@pytest.mark.parametrize("pattern", ["a{b", "[z-a]"])
def test_a_broken_pattern_is_refused(pattern):
    with pytest.raises(AwsError, match="is not valid"):
        excludes([pattern], "a")


@given(st.text("ab*?.", max_size=8), st.text("ab.", max_size=8))
def test_within_one_name_a_pattern_means_what_it_does_to_a_shell(pattern, name):
    pattern = re.sub(r"\*+", "*", pattern)
    assert bool(compiled(pattern).fullmatch(name)) == fnmatch.fnmatchcase(name, pattern)


@given(st.text(max_size=20))
def test_an_escaped_text_matches_itself_alone(text):
    pattern = "".join(f"\\{letter}" for letter in text)
    assert compiled(pattern).fullmatch(text) is not None
    assert compiled(pattern).fullmatch(text + "x") is None
