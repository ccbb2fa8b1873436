"""Codes of the release check, each with its meaning and what mends it."""

TREE = "RELEASE_TREE"
STEP = "RELEASE_STEP"
PACKAGE = "RELEASE_PACKAGE"
API = "RELEASE_API"
LICENCE = "RELEASE_LICENCE"

EXPLANATIONS = {
    TREE: ("The working tree holds changes that are in no commit, so nobody could say what was checked.", "Commit or discard them; `git status` lists them."),
    STEP: ("A target of the Makefile failed.", "Run the target that the finding names."),
    PACKAGE: ("A crate cannot be published as it is: metadata, contents, or it does not build from its package.",
              "Correct its Cargo.toml; `cargo package --list --package NAME` shows what is in it."),
    API: ("The public API of a crate is not the committed one in compat/public-api/.", "If the change is wanted, `make accept-public-api` and commit the difference."),
    LICENCE: ("A dependency has a licence, a version or a source that deny.toml does not allow.", "Replace it, or change deny.toml with a reason; `cargo deny check` shows all of it."),
}


def remedy(code: str) -> str:
    return EXPLANATIONS[code][1]
