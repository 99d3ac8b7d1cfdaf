"""A runtime for PHP: what a receiver written in it makes of a body is asked of it, not guessed."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from .debian import download_packages, has_apt
from .step import TOOLS, fail, run, runs, say

# Without the machine's php.ini. Since 8.0 JSON is always built in.
IS_NEW_ENOUGH = ["-n", "-r", "exit(PHP_VERSION_ID >= 80000 ? 0 : 1);"]


def php():
    fetched = TOOLS / "php"
    named = os.environ.get("PHP")
    binary = named or shutil.which("php") or fetched
    if named and not serves(named):
        fail(f"PHP is {named}, which is no PHP 8 or does not run")
    if not serves(binary):
        binary = fetched
    if not serves(binary):
        why_not = fetch_php(fetched)
        if not serves(binary):
            binary = install_php(why_not)
    yield "PHP", binary


def serves(binary):
    return runs([binary, *IS_NEW_ENOUGH])


def fetch_php(wrapper):
    """Unpacks Debian's PHP, and the libraries that the machine lacks, without installing them. Returns why there is
    none, for the case that there is none."""
    if not has_apt():
        return "this machine has no apt to get it with"
    say(f"fetching PHP into {TOOLS}")
    with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
        packages, why_not = download_packages(Path(scratch), "php-cli", is_part_of_php)
        if why_not:
            return why_not
        fresh = Path(scratch) / "php"
        for package in packages:
            done = run(["dpkg-deb", "--extract", package, fresh])
            if done.returncode != 0:
                return done.stdout
        program = next(fresh.glob("usr/bin/php[0-9]*"), None)
        if program is None:
            return "there is no PHP in what apt downloaded"
        libraries = [folder.relative_to(fresh) for pattern in ["usr/lib/*-linux-*", "lib/*-linux-*"]
                     for folder in fresh.glob(pattern)]
        home = wrapper.with_suffix(".packages")
        shutil.rmtree(home, ignore_errors=True)
        fresh.rename(home)
    wrapper.write_text(f"""#!/bin/sh
home=${{0%/*}}/{home.name}
LD_LIBRARY_PATH={":".join(f"$home/{folder}" for folder in libraries)} exec "$home/{program.relative_to(fresh)}" "$@"
""")
    wrapper.chmod(0o755)
    return "what was downloaded does not run"


def is_part_of_php(package):
    """Of the packages that come with `php-cli`: the program and its libraries, none of the extensions."""
    return package.startswith("lib") and package != "libc6" or re.fullmatch(r"php[0-9.]+-cli", package)


def install_php(why_not):
    if os.geteuid() == 0 and has_apt():
        say("installing PHP with apt")
        quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update"], env=quietly)
        why_not = run(["apt-get", "install", "--yes", "--no-install-recommends", "php-cli"], env=quietly).stdout
    binary = shutil.which("php")
    if binary is None or not serves(binary):
        fail(f"PHP is missing; install it so that php is in the PATH, or set PHP:\n{why_not.strip()}")
    return binary
