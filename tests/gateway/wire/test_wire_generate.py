"""The generator names what it cannot explain, and what is stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.generate import generate, stale_files
from tools.operations import GenerateError

ROOT = Path(__file__).parents[3]


def service(root: Path, name: str, text: str) -> None:
    folder = root / "lakebed/services" / name
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "model.py").write_text("def not_an_operation(): ...\n")
    (folder / "_private.py").write_text("def not_an_operation(): ...\n")
    (folder / "nouns.py").write_text(text)


@pytest.mark.slow  # `make check` asks the same.
def test_what_is_committed_is_what_would_be_generated() -> None:
    files = generate(ROOT)
    assert stale_files(ROOT, files) == []
    index = files[Path("lakebed/gateway/wire/models/index.json")]
    assert len(index) < 15_000


@pytest.mark.slow
def test_a_new_operation_makes_its_files_stale(tmp_path: Path) -> None:
    service(tmp_path, "sts", "def get_session_token(ctx, request): ...\ndef _own(): ...\n")
    files = generate(tmp_path)
    assert sorted(map(str, stale_files(tmp_path, files))) == [
        "lakebed/gateway/wire/models/index.json",
        "lakebed/gateway/wire/models/sts.json",
        "lakebed/govern/actions/sts.json",
        "lakebed/shapes/__init__.py",
        "lakebed/shapes/sts.py",
    ]
    stub = files[Path("lakebed/shapes/sts.py")]
    assert "def get_session_token(" in stub
    assert "    DurationSeconds: int\n" in stub
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert stale_files(tmp_path, files) == []
    left_over = tmp_path / "lakebed/shapes/gone.py"
    left_over.write_text("")
    assert stale_files(tmp_path, files) == [Path("lakebed/shapes/gone.py")]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("sts", "def get_nothing(ctx, request): ...\n", "get_nothing is no operation of AWS's sts"),
        ("nobody", "", "botocore knows no service of that name"),
        (
            "sts",
            "def get_session_token(): ...\ndef get_session_token(): ...\n",
            "get_session_token is already in",
        ),
    ],
)
def test_what_no_model_explains_is_an_error(
    tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    service(tmp_path, name, text)
    with pytest.raises(GenerateError, match=sentence):
        generate(tmp_path)
