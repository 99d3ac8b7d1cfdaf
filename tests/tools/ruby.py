"""The interpreter of the receivers that are written in Ruby."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from .debian import download_packages, has_apt
from .step import TOOLS, fail, runs, say

# What the receivers load. An interpreter may be there and its library not.
NEEDS = ["-e", "require 'openssl'; require 'net/http'; require 'socket'; require 'json'"]


def ruby():
    fetched = TOOLS / "ruby" / "bin" / "ruby"
    named = os.environ.get("RUBY")
    program = named or shutil.which("ruby") or fetched
    if named and not runs([named, *NEEDS]):
        fail(f"RUBY is {named}, which does not run or lacks a part of its library")
    if not runs([program, *NEEDS]):
        program = fetched
    if not runs([program, *NEEDS]):
        why_not = fetch_ruby(fetched)
        if not runs([program, *NEEDS]):
            fail(f"Ruby is missing; install it so that it is on PATH, or set RUBY:\n{why_not.strip()}")
    yield "RUBY", program


def fetch_ruby(program):
    """Unpacks Debian's Ruby, and the libraries that the machine lacks, without installing them, and writes a script
    that runs it where it lies. Returns why there is none, for the case that there is none."""
    if not has_apt():
        return "this machine has no apt to get it with"
    say(f"fetching Ruby into {TOOLS}")
    with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
        packages, why_not = download_packages(Path(scratch), "ruby", is_part_of_ruby)
        if why_not:
            return why_not
        fresh = Path(scratch) / "ruby"
        for package in packages:
            if not runs(["dpkg-deb", "--extract", package, fresh]):
                return f"{package.name} cannot be unpacked"
        interpreter = next(fresh.glob("usr/bin/ruby[0-9]*"), None)
        if interpreter is None:
            return "there is no interpreter in what apt downloaded"
        libraries = places(fresh, ["usr/lib/*-linux-*", "lib/*-linux-*"])
        modules = places(fresh, ["usr/lib/ruby/[0-9]*", "usr/lib/*-linux-*/ruby/[0-9]*"])
        (fresh / "bin").mkdir()
        script = fresh / "bin" / "ruby"
        script.write_text(f"""#!/bin/sh
home=${{0%/*}}/..
LD_LIBRARY_PATH={libraries} RUBYLIB={modules} exec "$home/{interpreter.relative_to(fresh)}" --disable-gems "$@"
""")
        script.chmod(0o755)
        home = program.parent.parent
        shutil.rmtree(home, ignore_errors=True)
        fresh.rename(home)
    return "what was downloaded does not run"


def places(fresh, patterns):
    """A search path of the folders that match, seen from the script."""
    return ":".join(f"$home/{folder.relative_to(fresh)}" for pattern in patterns for folder in fresh.glob(pattern))


def is_part_of_ruby(package):
    """Of the packages that come with `ruby`: the interpreter, its library and what that is linked with, no gems."""
    return package != "libc6" and re.fullmatch(r"ruby\d[\d.]*|lib.*", package) and package != "libruby"
