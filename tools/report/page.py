"""The page as a reader without scripts has it: sections, facts, tables, charts' data and listings, by the standard library's HTML parser."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = ("meta", "input", "br", "link", "img", "hr")


@dataclass
class Node:
    """An element and what stands in it."""

    tag: str
    attributes: dict
    children: list = field(default_factory=list)

    def text(self) -> str:
        """All text below, white space as it stands."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def all(self, tag: str) -> list["Node"]:
        """Elements of this tag below, in order."""
        found = []
        for child in self.children:
            if isinstance(child, Node):
                found += ([child] if child.tag == tag else []) + child.all(tag)
        return found

    def has(self, word: str) -> bool:
        """Whether the element is of this class."""
        return word in self.attributes.get("class", "").split()


class Broken(Exception):
    """The page is not well formed."""


class _Builder(HTMLParser):
    """A tree; stricter than a browser: every element that is opened is closed, in order."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.top = Node("", {})
        self._open = [self.top]

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        if len(set(names)) != len(names):
            raise Broken(f"line {self.getpos()[0]}: <{tag}> has an attribute twice")
        node = Node(tag, {name: value or "" for name, value in attributes})
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_endtag(self, tag):
        if self._open[-1].tag != tag:
            raise Broken(f"line {self.getpos()[0]}: </{tag}> closes <{self._open[-1].tag}>")
        self._open.pop()

    def handle_data(self, data):
        self._open[-1].children.append(data)

    def finish(self) -> Node:
        self.close()
        if len(self._open) != 1:
            raise Broken(f"<{self._open[-1].tag}> is never closed")
        return self.top


class Page:
    """A parsed report."""

    def __init__(self, html: str):
        builder = _Builder()
        builder.feed(html)
        self.top = builder.finish()

    def sections(self) -> dict[str, Node]:
        """The sections by their anchor."""
        return {node.attributes["id"]: node for node in self.top.all("main")[0].children if isinstance(node, Node) and node.tag == "section"}

    def facts(self, section: str) -> dict[str, tuple[str, str, str]]:
        """Name of each fact of a section: value as in the evidence, text of value and limit, standing."""
        found = {}
        for card in self.sections()[section].all("div"):
            if card.has("fact"):
                part = {span.attributes["class"]: span for span in card.all("span") if "class" in span.attributes}
                value = part["value"]
                found[part["name"].text()] = (value.all("data")[0].attributes["value"], value.text().replace("\u00a0", " "), part["standing"].text())
        return found

    def tables(self, section: str) -> dict[str, list[dict[str, str]]]:
        """Caption of each table of a section: a row a dictionary, numbers as in the evidence, nothing as `-`."""
        found = {}
        for table in self.sections()[section].all("table"):
            columns = [cell.text() for cell in table.all("thead")[0].all("th")]
            rows = []
            for row in table.all("tbody")[0].all("tr"):
                cells = [child for child in row.children if isinstance(child, Node)]
                if len(cells) != len(columns):
                    raise Broken(f"{table.all('caption')[0].text()}: a row has {len(cells)} cells under {len(columns)} headings")
                rows.append(dict(zip(columns, map(_cell, cells))))
            found[table.all("caption")[0].text()] = rows
        return found

    def charts(self) -> dict[str, dict]:
        """The data of each chart by the anchor of its figure."""
        return {figure.attributes["id"]: json.loads(next(node.text() for node in figure.all("script"))) for figure in self.top.all("figure")}

    def absent(self, section: str) -> list[str]:
        """What the section says was not measured."""
        return [node.text() for node in self.sections()[section].all("p") if node.has("absent")]

    def structure_faults(self) -> list[str]:
        """What is wrong with anchors, headings, landmarks and names."""
        faults = []
        every = _every(self.top)
        ids = [node.attributes["id"] for node in every if "id" in node.attributes]
        faults += [f"id {name} stands {ids.count(name)} times" for name in sorted(set(ids)) if ids.count(name) > 1]
        for node in every:
            for attribute in ("aria-labelledby", "aria-describedby", "data-source"):
                faults += [f"<{node.tag}> names {name}, which is nowhere" for name in node.attributes.get(attribute, "").split() if name not in ids]
            target = node.attributes.get("href", "")
            if target.startswith("#") and target[1:] not in ids:
                faults.append(f"a link leads to {target}, which is nowhere")
            elif node.attributes.get("src") or (target and not target.startswith("#")):
                faults.append(f"<{node.tag}> refers to something outside: {target or node.attributes['src']}")
        levels = [int(node.tag[1]) for node in every if node.tag in ("h1", "h2", "h3", "h4")]
        if levels.count(1) != 1 or levels[:1] != [1]:
            faults.append("there is not exactly one first heading")
        for before, level in zip(levels, levels[1:]):
            if level > before + 1 and not (before == 2 and level == 4):
                faults.append(f"a heading of level {level} follows one of level {before}")
        for tag in ("header", "nav", "main", "footer"):
            if len(self.top.all(tag)) != 1:
                faults.append(f"there is not exactly one <{tag}>")
        for figure in self.top.all("figure"):
            if not figure.all("table"):
                faults.append(f"figure {figure.attributes['id']} has no table")
        faults += [f"a table without {part}" for table in self.top.all("table") for part in ("caption", "thead") if not table.all(part)]
        return faults


def _cell(node: Node) -> str:
    data = node.all("data")
    if data:
        return data[0].attributes["value"]
    return "-" if node.has("nothing") else node.text().replace("\u00a0", " ")


def _every(node: Node) -> list[Node]:
    found = []
    for child in node.children:
        if isinstance(child, Node):
            found += [child, *_every(child)]
    return found
