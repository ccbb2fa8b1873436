"""Codes of the release check, each with its meaning and what mends it."""

from gate.code import Code, codes_of

TREE = Code(
    "RELEASE_TREE",
    "The working tree holds changes that are in no commit, so nobody could say what was checked.",
    "Commit or discard them; `git status` lists them.",
)
STEP = Code(
    "RELEASE_STEP",
    "A target of the Makefile failed.",
    "Run the target that the finding names.",
)
PACKAGE = Code(
    "RELEASE_PACKAGE",
    "A crate cannot be published as it is: metadata, contents, or it does not build from its package.",
    "Correct its Cargo.toml; `cargo package --list --package NAME` shows what is in it.",
)
API = Code(
    "RELEASE_API",
    "The public API of a crate is not the committed one in compat/public-api/.",
    "If the change is wanted, `make accept-public-api` and commit the difference.",
)
LICENCE = Code(
    "RELEASE_LICENCE",
    "A dependency has a licence, a version or a source that deny.toml does not allow.",
    "Replace it, or change deny.toml with a reason; `cargo deny check` shows all of it.",
)

EXPLANATIONS = codes_of(globals())
