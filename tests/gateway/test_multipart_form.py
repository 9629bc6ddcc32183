from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError
from lakebed.gateway.multipart_form import FormParser

BOUNDARY = "xx"
CONTENT = st.binary(max_size=40) | st.sampled_from([b"\r\n--x", b"\r\n", b"--xx", b"\r", b""])


def form(fields, file, name="f.txt"):
    rows = [
        f'--xx\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n'.encode() + value + b"\r\n"
        for field, value in fields
    ]
    head = f'--xx\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    kind = "Content-Type: text/plain\r\n\r\n"
    return b"".join(rows) + (head + kind).encode() + file + b"\r\n--xx--\r\n"


@given(
    st.lists(st.tuples(st.sampled_from("abc"), CONTENT), max_size=4),
    CONTENT,
    st.lists(st.integers(1, 30), min_size=1, max_size=10),
)
def test_a_form_comes_apart_the_same_however_it_arrives(fields, file, cuts):
    data = form([(name, text.replace(b"--xx", b"")) for name, text in fields], file)
    if b"\r\n--xx" in file + b"\r\n--x":
        return
    parser, found = FormParser("multipart/form-data; boundary=xx"), []
    while data:
        count = cuts[len(found) % len(cuts)]
        found.append(b"".join(parser.feed(data[:count])))
        data = data[count:]
    expected: dict[str, str] = {}
    for name, text in fields:
        value = text.replace(b"--xx", b"").decode("latin-1")
        expected[name] = f"{expected[name]},{value}" if name in expected else value
    assert (b"".join(found), parser.fields, parser.is_whole) == (file, expected, True)
    assert parser.file is not None
    assert parser.file.name == "f.txt"


def test_the_size_of_a_file_is_known_when_it_begins():
    data = form([("a", b"1")], b"0123456789")
    parser = FormParser('multipart/form-data; boundary="xx"')
    at = data.index(b"0123")
    assert list(parser.feed(data[:at])) == []
    assert parser.file_size(len(data)) == 10


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=xx", b"--xxy\r\n\r\n"),
    ],
)
def test_what_is_no_form_is_malformed(kind, data):
    with pytest.raises(AwsError) as caught:
        list(FormParser(kind).feed(data))
    assert caught.value.code == "MalformedPOSTRequest"


def test_fields_are_bounded():
    parser = FormParser("multipart/form-data; boundary=xx")
    with pytest.raises(AwsError) as caught:
        list(parser.feed(form([("a", b"x" * 20_480)], b"")))
    assert caught.value.code == "MaxPostPreDataLengthExceeded"
