#!/usr/bin/env python3
"""What a crate's public interface says, one item a line, from the JSON that rustdoc writes.

    surface.py FILE.json                 print the items
    surface.py FILE.json --against LIST [--differences LIST]
                                         exit 1 unless the items are those of the first list, but for the lines of the second:
                                         `-item` is missing, `+item` is more, `# ...` is a remark

Items are types with their generics and how they lie in memory, methods with their whole signatures, fields and variants, macros,
deprecations and `must_use`, and implementations of traits with their bounds and associated types (those that the compiler derives for
`Send` and the like too, but not blanket ones). Lifetimes and generic parameters are renamed in the order in which a line names them, so
their names do not count. The bound of an implementation that a type outlives a lifetime does not count either: it follows from the types.
"""

import argparse
import json
import sys

# Traits of the compiler's own that no user can name on a stable toolchain.
UNSTABLE = {"Freeze", "UnsafeUnpin", "StructuralPartialEq"}
# Attributes that a user can notice.
NOTICED = ("must_use", "non_exhaustive", "transparent", "track_caller")


class Names:
    """The names of one line: lifetimes and generic parameters by order of appearance, an owner's type as `Self`."""

    def __init__(self, other: "Names | None" = None) -> None:
        self.known = dict(other.known) if other else {}
        self.count = other.count if other else 0
        self.owner = other.owner if other else None

    def lifetime(self, name) -> str:
        """A lifetime; each `'_` and each that is left out in the head of an implementation is one of its own."""
        if name == "'static":
            return name
        if name in (None, "'_"):
            self.count += 1
            return f"'{self.count}"
        if name not in self.known:
            self.count += 1
            self.known[name] = f"'{self.count}"
        return self.known[name]

    def generic(self, name: str) -> str:
        if name == "Self" or name.startswith("impl "):
            return name
        return self.known.setdefault(name, f"T{sum(not key.startswith(chr(39)) for key in self.known) + 1}")


class Line:
    """Renders types with the names of one line. In signatures a lifetime that is left out stays left out."""

    def __init__(self, names: Names, elides: bool) -> None:
        self.names, self.elides = names, elides

    def type(self, type_) -> str:
        text = self.any_type(type_)
        return "Self" if text == self.names.owner else text

    def any_type(self, type_) -> str:
        if isinstance(type_, str):
            return type_
        ((kind, value),) = type_.items()
        if kind == "primitive":
            return value
        if kind == "generic":
            return self.names.generic(value)
        if kind == "resolved_path":
            return self.path(value)
        if kind == "borrowed_ref":
            lifetime = "" if self.elides and value["lifetime"] is None else self.names.lifetime(value["lifetime"]) + " "
            return f"&{lifetime}{'mut ' if value['is_mutable'] else ''}{self.type(value['type'])}"
        if kind == "raw_pointer":
            return f"*{'mut' if value['is_mutable'] else 'const'} {self.type(value['type'])}"
        if kind == "slice":
            return f"[{self.type(value)}]"
        if kind == "array":
            length = value["len"]
            return f"[{self.type(value['type'])}; {length if length.isdigit() else self.names.generic(length)}]"
        if kind == "tuple":
            return "(" + ", ".join(map(self.type, value)) + ")"
        if kind == "dyn_trait":
            return "dyn " + " + ".join(self.path(bound["trait"]) for bound in value["traits"])
        if kind == "qualified_path":
            return f"{self.type(value['self_type'])}::{value['name']}"
        if kind == "impl_trait":
            return "impl " + " + ".join(self.bounds(value))
        return json.dumps(type_)

    def path(self, path) -> str:
        return path["path"].rsplit("::", 1)[-1] + self.arguments(path.get("args"))

    def arguments(self, args) -> str:
        if not args:
            return ""
        ((kind, value),) = args.items()
        if kind == "parenthesized":
            output = value["output"]
            return f"({', '.join(map(self.type, value['inputs']))}){f' -> {self.type(output)}' if output else ''}"
        texts = []
        for argument in value["args"]:
            ((kind, inner),) = argument.items() if isinstance(argument, dict) else (("infer", None),)
            if kind == "lifetime":
                texts.append("'_" if self.elides and inner == "'_" else self.names.lifetime(inner))
            elif kind == "type":
                texts.append(self.type(inner))
            elif kind == "const":
                texts.append(inner["expr"] if inner["expr"].isdigit() else self.names.generic(inner["expr"]))
        for constraint in value.get("constraints", []):
            ((kind, inner),) = constraint["binding"].items()
            inner = self.type(inner["type"]) if kind == "equality" else " + ".join(self.bounds(inner))
            texts.append(f"{constraint['name']} = {inner}")
        return f"<{', '.join(texts)}>" if texts else ""

    def bounds(self, bounds) -> list[str]:
        texts = []
        for bound in bounds:
            if "trait_bound" in bound:
                trait = bound["trait_bound"]
                texts.append(("?" if trait["modifier"] == "maybe" else "") + self.path(trait["trait"]))
            elif "outlives" in bound:
                texts.append(self.names.lifetime(bound["outlives"]))
        return sorted(text for text in texts if text != "Sized")

    def parameters(self, generics) -> str:
        """The generic parameters that a user may name, in order."""
        texts = []
        for parameter in generics["params"]:
            ((kind, value),) = parameter["kind"].items()
            if kind == "lifetime":
                texts.append(self.names.lifetime(parameter["name"]))
            elif kind == "const":
                default = f" = {value['default']}" if value["default"] else ""
                texts.append(f"const {self.names.generic(parameter['name'])}: {self.type(value['type'])}{default}")
            elif not value["is_synthetic"]:
                texts.append(self.names.generic(parameter["name"]))
        return f"<{', '.join(texts)}>" if texts else ""

    def where(self, generics, outlives: bool) -> str:
        """All bounds, wherever they were written; of `T: 'a` only if asked for."""
        texts = set()
        for parameter in generics["params"]:
            ((kind, value),) = parameter["kind"].items()
            if kind == "type" and not value["is_synthetic"]:
                texts |= {f"{self.names.generic(parameter['name'])}: {bound}" for bound in self.bounds(value["bounds"])}
            elif kind == "lifetime":
                name = self.names.lifetime(parameter["name"]) if value["outlives"] else ""
                texts |= {f"{name}: {self.names.lifetime(other)}" for other in value["outlives"]}
        for predicate in generics["where_predicates"]:
            ((kind, value),) = predicate.items()
            if kind == "bound_predicate":
                texts |= {f"{self.type(value['type'])}: {bound}" for bound in self.bounds(value["bounds"])}
        return f" where {', '.join(sorted(texts))}" if (texts := {t for t in texts if outlives or ": '" not in t}) else ""


def notes(item) -> str:
    """What else a user notices of an item."""
    found = [name for name in NOTICED if any(name in json.dumps(attribute) for attribute in item["attrs"])]
    if item["deprecation"]:
        found.append("deprecated")
    return "".join(f" #[{name}]" for name in found)


def method(name: str, item, names: Names) -> str:
    """A function with its qualifiers, generics, types and bounds."""
    function = item["inner"]["function"]
    line = Line(Names(names), elides=True)
    qualifiers = "".join(
        word + " "
        for word, key in (("const", "is_const"), ("async", "is_async"), ("unsafe", "is_unsafe"))
        if function["header"][key]
    )
    # Their order is what a user writes after `::`; lifetimes can mostly not be written there.
    types = [p for p in function["generics"]["params"] if "lifetime" not in p["kind"]]
    parameters = line.parameters({"params": types})
    inputs = ", ".join(line.type(kind) for _, kind in function["sig"]["inputs"])
    output = function["sig"]["output"]
    answer = f" -> {line.type(output)}" if output else ""
    return f"{qualifiers}fn {name}{parameters}({inputs}){answer}{line.where(function['generics'], True)}{notes(item)}"


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
                self.lines.add(f"mod {path}{notes(item)}")
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
        if kind in ("struct", "enum", "union", "trait"):
            line = Line(Names(), elides=False)
            head = f"{kind} {path}{line.parameters(value['generics'])}"
            above = line.bounds(value["bounds"]) if kind == "trait" else []
            head += f": {' + '.join(above)}" if above else ""
            self.lines.add(head + line.where(value["generics"], True) + notes(item))
            for number in value.get("variants", []):
                self.fields(f"variant {path}::", self.item(number), "variant")
            if kind == "struct":
                self.fields(f"fields of {path}", item, "struct")
        if kind in ("struct", "enum", "union"):
            for number in value["impls"]:
                self.implementation(path, self.item(number))
        elif kind == "trait":
            for number in value["items"]:
                self.member(path, self.item(number), Names())
            for number in value["implementations"]:
                self.implementation(path, self.item(number))
        elif kind == "macro":
            self.lines.add(f"macro {path}!")
        elif kind == "function":
            self.lines.add(method(path, item, Names()))
        else:
            self.lines.add(f"{kind} {path}")

    def fields(self, prefix: str, item, kind: str) -> None:
        """The fields of a variant, and the public ones of a struct."""
        form = item["inner"][kind]["kind"]
        if not isinstance(form, dict):
            numbers = []
        elif "tuple" in form:
            numbers = form["tuple"]
        else:
            numbers = next(iter(form.values()))["fields"]
        line = Line(Names(), elides=False)
        public = [field for number in numbers if (field := self.item(number))]
        types = ", ".join(f"{field['name']}: {line.type(field['inner']['struct_field'])}" for field in public)
        if kind == "variant":
            self.lines.add(f"{prefix}{item['name']}{f' ({types})' if types else ''}{notes(item)}")
        elif types or form == "unit":
            self.lines.add(f"{prefix}: {types or 'unit'}")

    def implementation(self, path: str, item) -> None:
        implementation = item["inner"]["impl"]
        if implementation["blanket_impl"] is not None:
            return
        names = Names()
        line = Line(names, elides=False)
        owner = line.type(implementation["for"])
        trait = implementation["trait"]
        if trait is None:
            names.owner = owner
            bounds = line.where(implementation["generics"], False)
            for number in implementation["items"]:
                self.member(path, self.item(number), names, bounds, owner)
            return
        if trait["path"].rsplit("::", 1)[-1] in UNSTABLE:
            return
        sign = "!" if implementation["is_negative"] else ""
        head = f"{path}: {sign}{line.path(trait)} for {owner}"
        self.lines.add(head + line.where(implementation["generics"], False))
        for number in implementation["items"]:
            member = self.item(number)
            if member and "assoc_type" in member["inner"]:
                # Of `I: Trait` rustdoc writes `<I as Trait>::Item`; which trait is clear.
                self.lines.add(f"{head}, {member['name']} = {line.type(member['inner']['assoc_type']['type'])}")

    def member(self, path: str, item, names: Names, bounds: str = "", owner: str = "") -> None:
        if item is None:
            return
        # Which of the inherent implementations it is.
        of = f" [of {owner}{bounds}]" if owner else ""
        if "function" in item["inner"]:
            self.lines.add(f"{path}: {method(item['name'], item, names)}{of}")
        else:
            self.lines.add(f"{path}::{item['name']}{of}")


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
