"""A database server."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from .debian import download_packages, has_apt
from .step import TOOLS, fail, run, say

INSTALLED_POSTGRES = Path("/usr/lib/postgresql")


def postgres():
    fetched = TOOLS / "postgres" / "bin"
    named = os.environ.get("POSTGRES_BIN")
    folder = Path(named) if named else installed_postgres() or fetched
    if named and not serves(folder):
        fail(f"POSTGRES_BIN is {named}, whose initdb and postgres do not run")
    if not serves(folder):
        why_not = fetch_postgres(fetched.parent)
        if not serves(folder):
            folder = install_postgres(why_not)
    yield "POSTGRES_BIN", folder


def installed_postgres():
    """The newest that the machine has."""
    found = [folder for folder in INSTALLED_POSTGRES.glob("*/bin") if serves(folder)]
    return max(found, key=lambda folder: float(folder.parent.name), default=None)


def serves(folder):
    """Whether its programs run, for whom the tests would run them: Postgres refuses to be root."""
    other = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        return all(run([folder / name, "--version"], **other).returncode == 0 for name in ["initdb", "postgres"])
    except OSError:
        return False


def fetch_postgres(home):
    """Unpacks Debian's server, and the libraries that the machine lacks, without installing them. Returns why there is
    no server, for the case that there is none."""
    if not has_apt():
        return "this machine has no apt to get it with"
    say(f"fetching Postgres into {TOOLS}")
    with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
        packages, why_not = download_packages(Path(scratch), "postgresql", is_part_of_server)
        if why_not:
            return why_not
        fresh = Path(scratch) / "postgres"
        for package in packages:
            done = run(["dpkg-deb", "--extract", package, fresh])
            if done.returncode != 0:
                return done.stdout
        programs = next(fresh.glob("usr/lib/postgresql/*/bin"), None)
        if programs is None:
            return "there is no server in what apt downloaded"
        libraries = [folder.relative_to(fresh) for pattern in ["usr/lib/*-linux-*", "lib/*-linux-*"]
                     for folder in fresh.glob(pattern)]
        (fresh / "bin").mkdir()
        for name in ["initdb", "postgres"]:
            wrapper = fresh / "bin" / name
            wrapper.write_text(f"""#!/bin/sh
home=${{0%/*}}/..
LD_LIBRARY_PATH={":".join(f"$home/{folder}" for folder in libraries)} exec "$home/{programs.relative_to(fresh)}/{name}" "$@"
""")
            wrapper.chmod(0o755)
        shutil.rmtree(home, ignore_errors=True)
        fresh.rename(home)
    return "what was downloaded does not run"


def is_part_of_server(package):
    """Of the packages that come with `postgresql`. Without LLVM the server compiles no queries, which suits it."""
    is_library = package.startswith("lib") and not package.endswith("-perl")
    return is_library and not re.match(r"libllvm|libc6$", package) or re.fullmatch(r"postgresql-\d+", package)


def install_postgres(why_not):
    if os.geteuid() == 0 and has_apt():
        say("installing Postgres with apt")
        quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update"], env=quietly)
        why_not = run(["apt-get", "install", "--yes", "--no-install-recommends", "postgresql"], env=quietly).stdout
    folder = installed_postgres()
    if folder is None:
        fail(f"Postgres is missing; install it so that it is in {INSTALLED_POSTGRES}, or set POSTGRES_BIN:\n"
             f"{why_not.strip()}")
    return folder
