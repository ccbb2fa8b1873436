#!/usr/bin/env python3
"""Boots a guest with two NUMA nodes and asks hosted-server for every placement there.

The guest is emulated (no virtualisation needed), has 1 GiB and two processors, and one process: the static example
`numa_guest`, which compares what it asked for with the kernel's own account. The kernel is Debian's cloud kernel, unpacked
from its package, or the file that NUMA_GUEST_KERNEL names. Ends with 0 if every claim holds. Proves placement, not speed.
"""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TRIPLE = "x86_64-unknown-linux-gnu"
# Emulated, so slow on a busy machine; it boots in seconds.
BOOT_SECONDS_MAX = 300
SUMMARY = re.compile(r"numa-guest: (\d+) passed, (\d+) failed")


def missing(what, remedy):
    sys.exit(f"numa-guest: {what} is missing; get it with: {remedy}")


def run(command, **options):
    return subprocess.run(command, check=True, **options)


def kernel(folder):
    """The kernel to boot: the caller's, or one unpacked from Debian's package."""
    named = os.environ.get("NUMA_GUEST_KERNEL")
    if named:
        return pathlib.Path(named)
    unpacked = folder / "kernel"
    if not sorted(unpacked.glob("boot/vmlinuz-*")):
        for tool in ("apt-get", "apt-cache", "dpkg-deb"):
            if not shutil.which(tool):
                missing("a kernel", "NUMA_GUEST_KERNEL=path/to/vmlinuz, of Linux 5.18 or later with NUMA and hugetlb built in")
        depends = run(["apt-cache", "depends", "linux-image-cloud-amd64"], capture_output=True, text=True).stdout
        package = re.search(r"linux-image-\S+-cloud-amd64", depends.partition("\n")[2])
        if not package:
            missing("the list of Debian's packages", "apt-get update")
        folder.mkdir(parents=True, exist_ok=True)
        downloaded = subprocess.run(["apt-get", "download", package[0]], cwd=folder, stdout=subprocess.DEVNULL, check=False)
        if downloaded.returncode:
            missing(f"the package {package[0]}", "apt-get update, or NUMA_GUEST_KERNEL=path/to/vmlinuz")
        archive = sorted(folder.glob("linux-image-*.deb"))[-1]
        run(["dpkg-deb", "--extract", archive, unpacked])
        archive.unlink()
    return sorted(unpacked.glob("boot/vmlinuz-*"))[-1]


def build(target):
    """The static program."""
    environment = dict(os.environ, RUSTFLAGS="-Ctarget-feature=+crt-static")
    folder = target / "numa-guest" / "build"
    run(
        ["cargo", "build", "--quiet", "--release", "--package", "compiler-alloc", "--example", "numa_guest"]
        + ["--target", TRIPLE, "--target-dir", folder],
        cwd=ROOT,
        env=environment,
    )
    return folder / TRIPLE / "release" / "examples" / "numa_guest"


def archive_of(program):
    """A root file system for the kernel, in the format `newc` of cpio: /init, /dev/console and the folders it mounts on."""
    def entry(number, name, mode, content=b"", device=(0, 0)):
        name = name.encode() + b"\0"
        fields = [number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0]
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)

    folder = stat.S_IFDIR | 0o755
    parts = [
        entry(1, "dev", folder),
        entry(2, "dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),
        entry(3, "proc", folder),
        entry(4, "sys", folder),
        entry(5, "init", stat.S_IFREG | 0o755, program.read_bytes()),
        entry(0, "TRAILER!!!", 0),
    ]
    return b"".join(parts)


def boot(emulator, image, files):
    """Runs the guest to its end; answers what it printed."""
    nodes = []
    for node in (0, 1):
        nodes += ["-object", f"memory-backend-ram,id=memory{node},size=512M"]
        nodes += ["-numa", f"node,nodeid={node},cpus={node},memdev=memory{node}"]
    command = [emulator, "-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", "1024", "-smp", "2", *nodes]
    command += ["-numa", "dist,src=0,dst=1,val=21", "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio"]
    # On a busy machine the emulated timer may miss the moment at which the kernel tests it.
    words = "console=ttyS0 panic=-1 quiet no_timer_check"
    command += ["-no-reboot", "-kernel", image, "-initrd", files, "-append", words]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=BOOT_SECONDS_MAX)
    return ended.stdout.decode(errors="replace")


def main():
    emulator = shutil.which("qemu-system-x86_64")
    if not emulator:
        missing("qemu-system-x86_64", "apt-get install --no-install-recommends qemu-system-x86")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
    folder = target / "numa-guest"
    image = kernel(folder)
    files = folder / "root.cpio"
    files.write_bytes(archive_of(build(target)))
    said = boot(emulator, image, files)
    lines = [line.strip() for line in said.splitlines() if "numa-guest:" in line]
    print("\n".join(lines))
    summary = SUMMARY.search(said)
    if not summary:
        sys.exit(f"numa-guest: the guest did not come to its end; it said:\n{said[-4000:]}")
    passed, failed = map(int, summary.groups())
    if failed or not passed:
        sys.exit(1)


if __name__ == "__main__":
    main()
