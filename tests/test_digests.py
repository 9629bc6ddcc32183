from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.digests import COMBINABLE, SIZES, combined, digest_of, file_digest, new_digest

CHECK = b"123456789"
KNOWN = {
    "md5": "25f9e794323b453885f5181f1b624d0b",
    "sha1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    "crc32": "cbf43926",
    "crc32c": "e3069283",
    "crc64nvme": "ae8b14860a799888",
}
EMPTY = {
    "xxhash64": "ef46db3751d8e999",
    "xxhash3": "2d06800538d394c2",
    "xxhash128": "99aa06d3014798d86001c324468d497f",
}


def test_digests_have_their_published_check_values(tmp_path):
    path = tmp_path / "check"
    path.write_bytes(CHECK)
    assert {name: digest_of(name, CHECK) for name in KNOWN} == KNOWN
    assert {name: file_digest(name, path) for name in KNOWN} == KNOWN
    assert {name: digest_of(name, b"") for name in EMPTY} == EMPTY
    assert {name: len(digest_of(name, CHECK)) // 2 for name in SIZES} == SIZES


@pytest.mark.parametrize("name", sorted(SIZES))
def test_a_digest_does_not_depend_on_the_pieces(name):
    digest = new_digest(name)
    for piece in (b"1234", b"", b"5", b"6789"):
        digest.update(piece)
    assert digest.hexdigest() == digest_of(name, CHECK)


@pytest.mark.parametrize("name", sorted(COMBINABLE))
@given(st.lists(st.binary(max_size=300), max_size=6))
def test_the_crc_of_a_whole_comes_from_its_parts(name, parts):
    found = combined(name, [(digest_of(name, part), len(part)) for part in parts])
    assert found == digest_of(name, b"".join(parts))


@pytest.mark.parametrize("name", sorted(COMBINABLE))
def test_parts_of_gigabytes_combine(name):
    zeros = digest_of(name, bytes(1 << 20))
    gigabyte = combined(name, [(zeros, 1 << 20)] * 1024)
    assert combined(name, [(gigabyte, 1 << 30)] * 4) == combined(name, [(zeros, 1 << 20)] * 4096)


def test_the_library_is_imported_only_when_it_is_needed():
    code = (
        "import sys, lakebed.digests as d; d.digest_of('crc32', b''); "
        "assert 'awscrt' not in sys.modules and not d.is_ready({'crc32c'}); "
        "assert d.is_ready({'sha256', 'crc32'}); d.warm(); assert d.is_ready({'crc64nvme'})"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
