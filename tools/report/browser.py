"""What a reader meets in a browser: charts that are drawn, colours that can be read, keys that work, and nothing loaded from elsewhere."""

import os

from . import expected, page
from .chromium import Chromium, Tab

WINDOWS = [(name, width, scheme) for name, width in (("wide", 1360), ("narrow", 390)) for scheme in ("light", "dark")]
HEIGHT = 900

# Text that can be seen, with its colour and what stands behind it, where the contrast is less than readers need.
CONTRAST = r"""
(() => {
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((part) => { part /= 255; return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    let colour = parse(getComputedStyle(document.body).backgroundColor);
    for (const layer of layers.reverse()) colour = over(layer, colour);
    return colour;
  };
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    if (!text || element.closest("script, noscript, style, .skip, legend") || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const isDrawn = element instanceof SVGElement;
    if (isDrawn && element.closest('[aria-label="tip"]')) continue;
    const colour = parse(isDrawn ? style.fill : style.color);
    const opacity = isDrawn ? Number(style.fillOpacity) * Number(style.opacity) : Number(style.opacity);
    const ground = behind(isDrawn ? element.closest("svg").parentElement : element);
    const shown = over([colour[0], colour[1], colour[2], colour[3] * opacity], ground);
    const [low, high] = [light(shown), light(ground)].sort((a, b) => a - b);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    texts += 1;
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < needed) found.set(`${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}`, `"${text.slice(0, 40)}" has a contrast of ${contrast.toFixed(2)}, less than ${needed}`);
  }
  return { texts, found: [...found.entries()].map((entry) => entry.join(": ")) };
})()
"""

# Each chart: how many marks it has, its names, and texts that lie outside its figure or over another text.
CHARTS = r"""
[...document.querySelectorAll(".chart")].map((chart) => {
  const images = [...chart.querySelectorAll("svg[role=img]")];
  const frame = chart.closest("figure").getBoundingClientRect();
  const texts = images.flatMap((svg) => [...svg.querySelectorAll("text")]).filter((text) => text.textContent.trim() && !text.querySelector("tspan:nth-child(2)"));
  const boxes = texts.map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() })).filter(({ box }) => box.width > 0);
  const outside = boxes.filter(({ box }) => box.left < frame.left - 1 || box.right > frame.right + 1).map(({ text }) => text);
  const covers = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 3 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
  const overlapping = [];
  boxes.forEach((one, index) => boxes.slice(index + 1).forEach((other) => { if (covers(one.box, other.box)) overlapping.push(`${one.text} / ${other.text}`); }));
  return {
    figure: chart.closest("figure").id,
    images: images.length,
    names: images.map((svg) => svg.getAttribute("aria-label")),
    marks: images.reduce((sum, svg) => sum + svg.querySelectorAll("[aria-label=rect] rect, [aria-label=bar] rect, [aria-label=dot] path, [aria-label=dot] circle, [aria-label=line] path, [aria-label=area] path, [aria-label=rule] line").length, 0),
    dots: images.reduce((sum, svg) => sum + svg.querySelectorAll("[aria-label=dot] path, [aria-label=dot] circle").length, 0),
    bars: images.reduce((sum, svg) => sum + svg.querySelectorAll("[aria-label=bar] rect").length, 0),
    wide: images.some((svg) => svg.getBoundingClientRect().width > chart.clientWidth + 1),
    outside, overlapping,
  };
})
"""

# Everything that the keyboard can reach and that has no name for a screen reader.
NAMELESS = r"""
[...document.querySelectorAll("a, summary, input, [tabindex='0']")].filter((element) => {
  const name = element.getAttribute("aria-label") ?? element.closest("label")?.textContent ?? element.textContent;
  return !name.trim();
}).map((element) => element.outerHTML.slice(0, 80))
"""


def windows(instance: Chromium, url: str, sources, pictures: str | None):
    """Name and findings of each group of checks."""
    for name, width, scheme in WINDOWS:
        tab = Tab(instance, url, width, HEIGHT, scheme)
        if pictures:
            os.makedirs(pictures, exist_ok=True)
            tab.screenshot(os.path.join(pictures, f"{name}-{scheme}.png"))
        yield f"{name}, {scheme}", _window(tab, width, url, sources)
        tab.close()
    tab = Tab(instance, url, WINDOWS[0][1], HEIGHT, "light")
    yield "keyboard and switch", _keyboard(tab)
    tab.close()
    tab = Tab(instance, url, WINDOWS[0][1], HEIGHT, "light")
    yield "screen reader", _screen_reader(tab)
    tab.close()


def _window(tab: Tab, width: int, url: str, sources) -> list[str]:
    found = [f"asked for {request}" for request in tab.requests() if request != url]
    wide = tab.evaluate("document.documentElement.scrollWidth") - width
    if wide > 0:
        found.append(f"is {wide} pixels wider than the window")
    dumped = page.Page(tab.evaluate('(() => { const copy = document.documentElement.cloneNode(true); copy.querySelectorAll(".chart").forEach((chart) => chart.replaceChildren()); '
                                    'return copy.outerHTML; })()'))
    found += dumped.structure_faults() + expected.differences(dumped, sources)
    data = dumped.charts()
    for chart in tab.evaluate(CHARTS):
        found += _chart(chart, data[chart["figure"]])
    contrast = tab.evaluate(CONTRAST)
    if contrast["texts"] < 500:
        found.append(f"only {contrast['texts']} texts can be seen")
    found += contrast["found"]
    return found + [f"script: {complaint}" for complaint in tab.complaints()]


def _chart(chart: dict, data: dict) -> list[str]:
    figure, found = chart["figure"], []
    if not chart["images"] or not chart["marks"]:
        found.append(f"{figure}: nothing is drawn")
    if any(not name for name in chart["names"]):
        found.append(f"{figure}: a chart without a name")
    if chart["wide"]:
        found.append(f"{figure}: is wider than its place")
    rows = data.get("rows", [])
    marks = {"counts": ("dots", len(rows)), "stress-cases": ("dots", sum(row.get("positive", 0) + row.get("negative", 0) + row.get("missed", 0) for row in rows if isinstance(row, dict)))}
    marks |= {name: ("bars", 2 * len(rows)) for name in ("budget-instructions", "budget-branches", "budget-memory")}
    marks |= {name: ("bars", len(rows)) for name in ("faults-by-round", "faults-of-workloads")}
    if figure in marks:
        kind, wanted = marks[figure]
        if chart[kind] != wanted:
            found.append(f"{figure}: {chart[kind]} {kind}, should be {wanted}")
    found += [f"{figure}: text outside: {text}" for text in chart["outside"]]
    return found + [f"{figure}: texts over each other: {texts}" for texts in chart["overlapping"]]


def _keyboard(tab: Tab) -> list[str]:
    found = []
    active = "document.activeElement"
    tab.press("Tab", 9)
    if tab.evaluate(f"{active}.className") != "skip":
        found.append("the first stop is not the link past the navigation")
    tab.press("Enter", 13, "\r")
    if tab.evaluate(f"{active}.id") != "main":
        found.append("the link past the navigation does not lead to the report")
    tab.evaluate('document.querySelector("input[value=system]").focus()')
    ground = "getComputedStyle(document.body).backgroundColor"
    before = tab.evaluate(ground)
    for theme in ("light", "dark"):
        tab.press("ArrowRight", 39)
        if tab.evaluate("document.documentElement.dataset.theme") != theme:
            found.append(f"the arrow key does not choose {theme}")
    if tab.evaluate(ground) == before:
        found.append("dark looks like light")
    tab.evaluate('document.querySelector("summary").focus()')
    tab.press("Enter", 13, "\r")
    if not tab.evaluate('document.querySelector("details").open'):
        found.append("the enter key opens no table")
    outline = tab.evaluate(f"getComputedStyle({active}).outlineStyle")
    if outline in ("none", ""):
        found.append("what has the focus is not marked")
    # Every table that scrolls can be reached and scrolled.
    if tab.evaluate('[...document.querySelectorAll(".scroll, pre")].some((frame) => frame.tabIndex !== 0)'):
        found.append("a part that scrolls cannot be reached")
    return found + [f"script: {complaint}" for complaint in tab.complaints()]


def _screen_reader(tab: Tab) -> list[str]:
    found = [f"no name: {element}" for element in tab.evaluate(NAMELESS)]
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles: dict[str, list[str]] = {}
    for node in nodes:
        if not node.get("ignored"):
            roles.setdefault(node.get("role", {}).get("value", ""), []).append(node.get("name", {}).get("value", ""))
    for role in ("banner", "navigation", "main", "contentinfo"):
        if len(roles.get(role, [])) != 1:
            found.append(f"{len(roles.get(role, []))} landmarks of role {role}")
    for role in ("figure", "image", "img", "region", "link", "radio", "heading"):
        if any(not name.strip() for name in roles.get(role, [])):
            found.append(f"a {role} without a name")
    titles = tab.evaluate('[...document.querySelectorAll("figure > h3")].map((title) => title.textContent)')
    found += [f"no group is called {title}" for title in titles if title not in roles.get("group", [])]
    if len(roles.get("radio", [])) != 3:
        found.append("the switch has not three positions")
    charts = tab.evaluate('document.querySelectorAll(".chart svg[role=img]").length')
    images = [name for role in ("image", "img") for name in roles.get(role, []) if name.startswith("Chart: ")]
    if len(images) != charts or not charts:
        found.append(f"{len(images)} of {charts} charts have a name")
    return found
