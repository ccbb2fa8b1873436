#!/usr/bin/env python3
"""What a crate's public interface names, one item a line, from the JSON that rustdoc writes.

    surface.py FILE.json                 print the items
    surface.py FILE.json --against LIST [--differences LIST]
                                         exit 1 unless the items are those of the first list, but for the lines of the second:
                                         `-item` is missing, `+item` is more, `# ...` is a remark

Items are types with their generics' number, methods with what kind they are, fields and variants, macros, and implementations
of traits (those that the compiler derives for `Send` and the like too, but not blanket ones). Names of lifetimes and of generic
parameters do not count.
"""

import argparse
import json
import sys

# Traits of the compiler's own that no user can name on a stable toolchain.
UNSTABLE = {"Freeze", "UnsafeUnpin", "StructuralPartialEq"}


def name_of(type_) -> str:
    """A type without lifetimes, its generic parameters as `_`."""
    if isinstance(type_, str):
        return type_
    ((kind, value),) = type_.items()
    if kind == "primitive":
        return value
    if kind == "generic":
        return "Self" if value == "Self" else "_"
    if kind == "resolved_path":
        return value["path"].rsplit("::", 1)[-1] + arguments(value.get("args"))
    if kind == "borrowed_ref":
        return "&" + ("mut " if value["is_mutable"] else "") + name_of(value["type"])
    if kind == "raw_pointer":
        return "*" + ("mut " if value["is_mutable"] else "const ") + name_of(value["type"])
    if kind == "slice":
        return f"[{name_of(value)}]"
    if kind == "array":
        return f"[{name_of(value['type'])}; _]"
    if kind == "tuple":
        return "(" + ", ".join(map(name_of, value)) + ")"
    if kind == "dyn_trait":
        return "dyn " + " + ".join(bound["trait"]["path"].rsplit("::", 1)[-1] for bound in value["traits"])
    if kind == "qualified_path":
        return f"{name_of(value['self_type'])}::{value['name']}"
    return kind


def arguments(args) -> str:
    """Generic arguments without lifetimes."""
    if not args or "angle_bracketed" not in args:
        return ""
    types = []
    for arg in args["angle_bracketed"]["args"]:
        ((kind, value),) = arg.items() if isinstance(arg, dict) else (("infer", None),)
        if kind == "type":
            types.append(name_of(value))
        elif kind == "const":
            types.append("_" if not value["expr"].isdigit() else value["expr"])
    return f"<{', '.join(types)}>" if types else ""


def method(name: str, function, owner: str = "") -> str:
    """A method with its qualifiers and the types that go in and come out; its owner's type as `Self`."""
    inputs = function["sig"]["inputs"]
    qualifiers = "".join(
        word + " " for word, key in (("const", "is_const"), ("unsafe", "is_unsafe")) if function["header"][key]
    )
    generics = [p["name"] for p in function["generics"]["params"] if "lifetime" not in p["kind"]]
    synthetic = sum("type" in p["kind"] and p["kind"]["type"]["is_synthetic"] for p in function["generics"]["params"])
    shape = ", ".join(name_of(kind) for _, kind in inputs)
    output = function["sig"]["output"]
    answer = f" -> {name_of(output)}" if output else ""
    count = f"<{len(generics) - synthetic}>" if len(generics) > synthetic else ""
    types = f"({shape}){answer}"
    return f"{qualifiers}fn {name}{count}{types.replace(owner, 'Self') if owner else types}"


class Surface:
    """All items of one crate."""

    def __init__(self, document):
        self.index = document["index"]
        self.lines: set[str] = set()
        self.places: set[int] = set()
        self.module(self.index[str(document["root"])], "")

    def item(self, number):
        return self.index.get(str(number))

    def module(self, module, prefix: str) -> None:
        for number in module["inner"]["module"]["items"]:
            item = self.item(number)
            if item is None:
                continue
            ((kind, value),) = item["inner"].items()
            path = prefix + (item["name"] or "")
            if kind == "module":
                self.lines.add(f"mod {path}")
                self.module(item, path + "::")
            elif kind == "use":
                target = self.item(value["id"])
                # What stands in a private module is described where it is re-exported.
                if target and "module" not in target["inner"]:
                    self.one(target, prefix + value["name"])
            else:
                self.one(item, path)

    def one(self, item, path: str) -> None:
        if item["id"] in self.places:
            self.lines.add(f"also {path}")
            return
        self.places.add(item["id"])
        ((kind, value),) = item["inner"].items()
        if kind in ("struct", "enum", "union"):
            self.lines.add(f"{kind} {path}")
            for variant in value.get("variants", []):
                self.lines.add(f"variant {path}::{self.item(variant)['name']}")
            for number in value["impls"]:
                self.implementation(path, self.item(number))
        elif kind == "trait":
            self.lines.add(f"trait {path}")
            for number in value["items"]:
                self.member(path, self.item(number))
            for number in value["implementations"]:
                implementation = self.item(number)["inner"]["impl"]
                self.lines.add(f"{path}: impl for {name_of(implementation['for'])}")
        elif kind == "macro":
            self.lines.add(f"macro {path}!")
        elif kind == "function":
            self.lines.add(method(path, value))
        else:
            self.lines.add(f"{kind} {path}")

    def implementation(self, path: str, item) -> None:
        implementation = item["inner"]["impl"]
        if implementation["blanket_impl"] is not None:
            return
        trait = implementation["trait"]
        if trait is None:
            for number in implementation["items"]:
                self.member(path, self.item(number), name_of(implementation["for"]))
            return
        name = trait["path"].rsplit("::", 1)[-1]
        if name not in UNSTABLE:
            sign = "!" if implementation["is_negative"] else ""
            self.lines.add(f"{path}: {sign}{name}{arguments(trait.get('args'))} for {name_of(implementation['for'])}")

    def member(self, path: str, item, owner: str = "") -> None:
        if item is None or "function" not in item["inner"]:
            if item is not None:
                self.lines.add(f"{path}::{item['name']}")
            return
        self.lines.add(f"{path}: {method(item['name'], item['inner']['function'], owner)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("document")
    parser.add_argument("--against")
    parser.add_argument("--differences")
    options = parser.parse_args()
    with open(options.document, encoding="utf-8") as file:
        found = Surface(json.load(file)).lines
    if options.against is None:
        print("\n".join(sorted(found)))
        return 0
    with open(options.against, encoding="utf-8") as file:
        expected = {line.rstrip("\n") for line in file if line.strip()}
    known = set()
    if options.differences is not None:
        with open(options.differences, encoding="utf-8") as file:
            known = {line.rstrip("\n") for line in file if line.strip() and not line.startswith("#")}
    differences = {f"-{item}" for item in expected - found} | {f"+{item}" for item in found - expected}
    for line in sorted(differences - known):
        print(f"not in the list of differences: {line}")
    for line in sorted(known - differences):
        print(f"in the list of differences, and is none: {line}")
    same = differences == known
    print(f"{len(expected & found)} of {len(expected)} items, {len(differences)} differences: {'as listed' if same else 'NOT as listed'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
