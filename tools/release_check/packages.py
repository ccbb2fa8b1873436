"""`cargo package` of every crate that may be published: metadata, contents, and a build from the package itself.

Packages of this workspace are packaged together, because those that depend on each other are not in the registry yet.
"""

import json
import os
import sys

from control.command import cargo, run, target
from control.finding import Finding, Outcome

from . import codes

FOLDER = "release-check"
BUILD_SECONDS = 3600
BYTES_MAX = 1 << 20  # of one package, compressed
NEEDED = ("Cargo.toml", "README.md", "LICENSE-APACHE", "LICENSE-MIT")
ALLOWED = (*NEEDED, "Cargo.toml.orig", "Cargo.lock", ".cargo_vcs_info.json", "build.rs")
ALLOWED_FOLDERS = ("src/", "examples/")
FIELDS = ("description", "license", "repository", "readme", "rust_version", "keywords", "categories")


def check(root: str) -> Outcome:
    ran = run([cargo(), "metadata", "--format-version", "1", "--no-deps"], root)
    if not ran.is_good:
        return Outcome("the packages were not looked at", [ran.finding(codes.PACKAGE)])
    known = json.loads(ran.out)["packages"]
    published = [package for package in known if package["publish"] != []]
    found = [item for package in published for item in metadata(package, {one["name"] for one in published})]
    for package in published:
        listed = run([cargo(), "package", "--list", "--allow-dirty", "--package", package["name"]], root)
        found += contents(package["name"], listed.out.split("\n")) if listed.is_good else [listed.finding(codes.PACKAGE)]
    if found:
        return Outcome(f"{len(published)} packages", found)
    names = [word for package in published for word in ("--package", package["name"])]
    listed = run([sys.executable, os.path.join(root, "tools", "stable-features")], root)
    if not listed.is_good:
        return Outcome(f"{len(published)} packages", [listed.finding(codes.PACKAGE)])
    wanted = {package["name"] for package in published}
    features = ",".join(feature for feature in listed.out.strip().split(",") if feature.split("/")[0] in wanted)
    # Dirty or not is a check of its own; `--allow-dirty` lets this one say what it has to say all the same.
    built = run([cargo(), "package", "--quiet", "--allow-dirty", "--features", features, *names, "--target-dir", os.path.join(target(root), FOLDER)], root, seconds=BUILD_SECONDS)
    if not built.is_good:
        return Outcome(f"{len(published)} packages", [built.finding(codes.PACKAGE)])
    sizes = {f"{package['name']} {package['version']}": size(root, package) for package in published}
    found = [Finding(codes.PACKAGE, name, f"its package has {bytes} bytes, at most {BYTES_MAX} are expected")
             for name, bytes in sizes.items() if not 0 < bytes <= BYTES_MAX]
    shown = ", ".join(f"{name} ({bytes} bytes)" for name, bytes in sizes.items())
    return Outcome(f"{len(published)} built from their packages: {shown}", found)


def size(root: str, package: dict) -> int:
    path = os.path.join(target(root), FOLDER, "package", f"{package['name']}-{package['version']}.crate")
    return os.path.getsize(path) if os.path.exists(path) else 0


def metadata(package: dict, published: set[str]) -> list[Finding]:
    """What a registry, or a user of one, would miss."""
    found = []

    def bad(message: str) -> None:
        found.append(Finding(codes.PACKAGE, package["name"], message))

    for field in FIELDS:
        if not package.get(field):
            bad(f"Cargo.toml has no `{field.replace('_', '-')}`")
    for dependency in package["dependencies"]:
        # The version of a dependency that only tests have is left out by cargo when it is a path.
        if dependency.get("path") and dependency["kind"] != "dev":
            if dependency["req"] == "*":
                bad(f"depends on `{dependency['name']}` by its path alone, without a version")
            if dependency["name"] not in published:
                bad(f"depends on `{dependency['name']}`, which is not published")
    return found


def contents(name: str, listed: list[str]) -> list[Finding]:
    """Files that are missing from a package, and files that have no place in it."""
    paths = [path.strip().replace("\\", "/") for path in listed if path.strip()]

    def bad(message: str) -> Finding:
        return Finding(codes.PACKAGE, name, message)

    found = [bad(f"`{path}` is not in the package") for path in NEEDED if path not in paths]
    found += [bad(f"`{path}` has no place in the package") for path in paths if path not in ALLOWED and not path.startswith(ALLOWED_FOLDERS)]
    return found if any(path.startswith("src/") for path in paths) else [*found, bad("has no sources")]
