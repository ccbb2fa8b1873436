"""What the judge looks at: files by their path below one root, from a folder or from memory (tests, mutations)."""

import os

READ_MAX = 64 << 20  # larger files are reported, not read
NO_SOURCES = ("target", "__pycache__")  # what cargo and Python write


class FolderTree:
    """Files below a folder. Reading never raises; a file that cannot be read is absent."""

    def __init__(self, root: str):
        self.root = root
        self._cache: dict[str, bytes | None] = {}
        self._listings: dict[str, list[str]] = {}
        self._skipped: dict[str, list[str]] = {}
        self._links: list[str] | None = None

    def read(self, path: str) -> bytes | None:
        if path not in self._cache:
            self._cache[path] = self._load(path)
        return self._cache[path]

    def _load(self, path: str) -> bytes | None:
        full = os.path.join(self.root, path)
        try:
            if not os.path.isfile(full):
                return None
            with open(full, "rb") as stream:
                return stream.read(READ_MAX)
        except OSError:
            return None

    def under(self, folder: str) -> list[str]:
        """Paths of all files below `folder`, sorted; `target` folders, hidden files and names that are not UTF-8 are not part of the tree."""
        if folder in self._listings:
            return self._listings[folder]
        found = []
        top = os.path.join(self.root, folder) if folder else self.root
        for where, folders, names in os.walk(top):
            folders[:] = _of_tree(folders)
            found += [os.path.relpath(os.path.join(where, n), self.root).replace(os.sep, "/") for n in names if not n.startswith(".")]
        found = [path for path in found if _is_text(path)]
        self._listings[folder] = sorted(found)
        return self._listings[folder]

    def skipped(self, folder: str) -> list[str]:
        """Paths of the folders below `folder` whose names keep them out of the tree, hidden ones apart."""
        if folder not in self._skipped:
            found = []
            for where, folders, _ in os.walk(os.path.join(self.root, folder)):
                found += [os.path.relpath(os.path.join(where, name), self.root).replace(os.sep, "/") for name in folders if name in NO_SOURCES]
                folders[:] = _of_tree(folders)
            self._skipped[folder] = sorted(path for path in found if _is_text(path))
        return self._skipped[folder]

    def links(self) -> list[str]:
        """Paths of symbolic links, to files and to folders, where `under` looks for files."""
        if self._links is None:
            self._links = []
            for where, folders, names in os.walk(self.root):
                folders[:] = _of_tree(folders)
                paths = (os.path.join(where, name) for name in (*folders, *names) if not name.startswith("."))
                self._links += [os.path.relpath(path, self.root).replace(os.sep, "/") for path in paths if os.path.islink(path)]
            self._links = sorted(path for path in self._links if _is_text(path))
        return self._links


def _of_tree(folders: list[str]) -> list[str]:
    """The folders that belong to the tree, sorted."""
    return sorted(name for name in folders if name not in NO_SOURCES and not name.startswith("."))


def _is_text(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class MemoryTree:
    """Another tree with some files replaced (bytes) or removed (None)."""

    def __init__(self, below, changes: dict):
        self.below = below
        self.changes = changes

    def read(self, path: str) -> bytes | None:
        return self.changes[path] if path in self.changes else self.below.read(path)

    def skipped(self, folder: str) -> list[str]:
        return self.below.skipped(folder)

    def links(self) -> list[str]:
        return [path for path in self.below.links() if path not in self.changes]

    def under(self, folder: str) -> list[str]:
        prefix = folder.rstrip("/") + "/" if folder else ""
        found = set(self.below.under(folder))
        for path, data in self.changes.items():
            if path.startswith(prefix):
                (found.discard if data is None else found.add)(path)
        return sorted(found)
