"""What judges metrics."""

import shlex
import shutil
import tempfile
from pathlib import Path

from .debian import download_packages, has_apt
from .step import TOOLS, fail, run, runs, say


def promtool():
    binary = shutil.which("promtool") or TOOLS / "promtool"
    if not runs([binary, "--version"]):
        fetch_promtool(TOOLS / "promtool")
    yield "PROMTOOL", binary


def fetch_promtool(binary):
    if not has_apt():
        fail("promtool is missing, and this machine has no apt to get it with: install Prometheus so that promtool "
             "is in the PATH")
    say(f"fetching promtool into {TOOLS}")
    with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
        packages, why_not = download_packages(Path(scratch), "prometheus")
        if why_not:
            fail(f"apt could not download prometheus, which brings promtool:\n{why_not}")
        fresh = Path(scratch) / "promtool"
        unpack = (f"dpkg-deb --fsys-tarfile {shlex.quote(str(packages[0]))} "
                  f"| tar --extract --to-stdout ./usr/bin/promtool > {shlex.quote(str(fresh))}")
        done = run(["sh", "-c", unpack])
        fresh.chmod(0o755)
        if done.returncode != 0 or not runs([fresh, "--version"]):
            fail(f"no working promtool in {packages[0].name}:\n{done.stdout.strip()}")
        fresh.replace(binary)
