"""The exported page as text: nothing in it is loaded from elsewhere or run unasked."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from gzip import decompress
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from mnistspec.pages import offline
from mnistspec.pages.offline import make_page
from mnistspec.pages.runtime import Runtime

RUNTIME = Runtime(Path(), "9.9.9", b"export const env = {};", b"\0asm")
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;<!--"


def make(**changes: Any) -> str:
    """Return a page with this in its card."""
    return make_page(
        b"onnx", {"name": "step6", "title": "Step 6", "task": "Draw a digit", "classes": ["0", "1"], **changes}, RUNTIME
    )


def parts(page: str, tag: str) -> list[tuple[str, str]]:
    """Return attributes and content of each element with this tag."""
    return re.findall(rf"<{tag}([^>]*)>(.*?)</{tag}>", page, re.DOTALL)


def test_the_same_run_gives_the_same_page() -> None:
    assert make() == make()


def test_everything_is_inside() -> None:
    page = make()
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page)
    packed = {re.findall('id="(.*?)"', attributes)[0]: text for attributes, text in parts(page, "script")[1:4]}
    contents = {name: decompress(b64decode(text)) for name, text in packed.items()}
    assert contents == {"network": b"onnx", "runtime": RUNTIME.script, "binary": RUNTIME.binary}


def test_only_its_own_script_and_style_may_run() -> None:
    page = make()
    (script,) = (text for attributes, text in parts(page, "script") if "module" in attributes)
    ((_, style),) = parts(page, "style")
    for directive, text in (("script-src", script), ("style-src", style)):
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in page
    assert "default-src 'none'" in page
    assert "unsafe-inline" not in page
    assert "'unsafe-eval'" not in page


def test_texts_of_a_spec_stay_texts() -> None:
    page = make(title=HOSTILE, classes=[HOSTILE], task=HOSTILE)
    assert len(parts(page, "script")) == len(parts(make(), "script"))
    assert "<img" not in page
    assert [unescape(parts(page, tag)[0][1]) for tag in ("title", "h1")] == [HOSTILE] * 2
    ((_, card), *_) = parts(page, "script")
    assert json.loads(card)["classes"] == [HOSTILE]


def test_a_network_without_a_title_has_its_name() -> None:
    assert parts(make(title=""), "title") == [("", "step6")]


def test_the_title_is_the_specs_and_the_heading_names_the_task() -> None:
    page = make(task="Draw a kana")
    assert (parts(page, "title"), parts(page, "h1")) == ([("", "Step 6")], [("", "Draw a kana")])


def test_modules_fit_into_one_script() -> None:
    texts = {name: offline._read(name) for name in offline._MODULES}
    names = re.findall(
        r"^(?:export )?(?:const|let|class|(?:async )?function) (\w+)", "\n".join(texts.values()), re.MULTILINE
    )
    assert len(names) > 40
    assert {name for name in names if names.count(name) > 1} == set()
    for index, (name, text) in enumerate(texts.items()):
        imported = re.findall(r'^import \{[^}]*\} from "\./(.*?)";', text, re.MULTILINE)
        assert len(imported) == len(re.findall("^import", text, re.MULTILINE)), f"{name}: imports are by name"
        assert set(imported) <= set(list(texts)[:index]), f"{name}: what it imports comes first"
    script = parts(make(), "script")[-1][1]
    assert not re.search(r"^(?:import|export)\b", script, re.MULTILINE)
    assert "</" not in re.sub(r"//.*|/\*.*?\*/", "", script, flags=re.DOTALL)


@pytest.mark.parametrize("name", offline._STYLES)
def test_styles_load_nothing(name: str) -> None:
    text = offline._read(name)
    assert "url(" not in text
    assert "@import" not in text
