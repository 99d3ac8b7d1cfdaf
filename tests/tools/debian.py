"""Packages of Debian and what derives from it, downloaded without being installed."""

import re
import shutil

from .step import run


def has_apt():
    return bool(shutil.which("apt-get") and shutil.which("dpkg-deb"))


def download_packages(scratch, name, is_wanted=None):
    """Downloads a package without installing it, or those of it and of what the machine lacks for it that are wanted.
    Where the machine's package lists are absent or stale, fetches lists of our own, which needs no root and leaves
    the machine's alone. Returns the files, and why there are none."""
    ours = ["-o", f"Dir::State={scratch}/state", "-o", f"Dir::Cache={scratch}/cache",
            "-o", "Dir::State::status=/var/lib/dpkg/status"]
    for folder in ["state/lists/partial", "cache/archives/partial"]:
        (scratch / folder).mkdir(parents=True)
    said = ""
    for options in [[], ours]:
        apt = ["apt-get", *options]
        if options:
            said += run([*apt, "update"]).stdout
        names = [name]
        if is_wanted:
            plan = run([*apt, "install", "--simulate", "--no-install-recommends", name]).stdout
            names = [package for package in re.findall(r"^Inst (\S+)", plan, re.MULTILINE) if is_wanted(package)]
            said += plan
        done = run([*apt, "download", *names], cwd=scratch)
        said += done.stdout
        found = sorted(scratch.glob("*.deb"))
        if names and done.returncode == 0 and len(found) >= len(names):
            return found, None
    return [], said.strip()
