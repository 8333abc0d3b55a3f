"""A file of SVG made an element of a page of HTML: no namespaces, no sizes, only ids in use, colours by variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_REFERENCE = re.compile(r"(?<=url\(#)[^)]+")


def embed_svg(
    content: bytes, key: str, description: str, colors: Mapping[str, str], pointed: Mapping[str, Sequence[str]]
) -> str:
    """Return what matplotlib wrote as an element.

    ``key`` begins its ids, ``colors`` has what stands for a colour, ``pointed`` the texts of groups by their ids: what
    is drawn by a group shows its text when it is pointed at.
    """
    root = ET.fromstring(content)  # noqa: S314 - written by matplotlib just now
    _drop_namespaces(root)
    for element in list(root.iter()):
        if element.get("id") in pointed:
            _add_titles(element, pointed[element.attrib["id"]])
    used = set(_references(root))
    for element in root.iter():
        if (name := element.attrib.pop("id", "")) in used:
            element.set("id", f"{key}-{name}")
        for name, value in element.attrib.items():
            element.set(name, value if name == "viewBox" else _adapt(value, name, key, colors))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", description)
    return re.sub(r">\s+<", "><", ET.tostring(root, encoding="unicode"))


def _drop_namespaces(root: ET.Element) -> None:
    """Drop namespaces, and with them matplotlib's metadata and its style sheet, which would rule the whole page."""
    for element in list(root.iter()):
        element.tag = element.tag.rpartition("}")[2]
        for child in list(element):
            if child.tag.rpartition("}")[2] in {"metadata", "style"}:
                element.remove(child)
        for name, value in list(element.attrib.items()):
            del element.attrib[name]
            element.set(name.rpartition("}")[2], value)


def _add_titles(group: ET.Element, texts: Sequence[str]) -> None:
    """Give a group its text, or each of its markers its own."""
    owners = list(group.iter("use")) if len(texts) > 1 else [group]
    for owner, text in zip(owners, texts, strict=True):
        title = ET.Element("title")
        title.text = text
        owner.insert(0, title)


def _references(root: ET.Element) -> list[str]:
    values = [value for element in root.iter() for value in element.attrib.values()]
    links = [element.get("href", "").removeprefix("#") for element in root.iter("use")]
    return [name for value in values for name in _REFERENCE.findall(value)] + links


def _adapt(value: str, name: str, key: str, colors: Mapping[str, str]) -> str:
    """Return an attribute's value with the ids and colours of the page, its numbers to a hundredth of a point."""
    if name in {"id", "href"}:
        return value if name == "id" else value.replace("#", f"#{key}-")
    value = re.sub("#[0-9a-f]{6}", lambda match: colors.get(match[0], match[0]), value)
    value = re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}", value)
    return value.replace("url(#", f"url(#{key}-")
