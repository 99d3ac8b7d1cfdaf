#!/usr/bin/env python3
"""Gets what the tests need beside Rust, into target/tools, and says where it is.

    python3 tests/setup.py [nats-server | python | promtool]...

For each step named, or for all of them, prints one line NAME=path on stdout: NATS_SERVER, POSTHASTE_PYTHON (an
interpreter that has the packages of tests/python/requirements.txt) and PROMTOOL. A step that was done before does
nothing, so this may run ahead of every test run. Nothing is installed outside target/tools.
"""

import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "target" / "tools"
REQUIREMENTS = ROOT / "tests" / "python" / "requirements.txt"


def fail(reason):
    sys.exit(f"tests/setup.py: {reason}")


def say(progress):
    print(progress, file=sys.stderr)


def run(command, **options):
    """Runs a command without letting it write into our stdout, which is for the answers."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)


def runs(command):
    try:
        return run(command).returncode == 0
    except OSError:
        return False


# --- nats-server

def nats_server():
    got = subprocess.run([sys.executable, ROOT / "deploy" / "get-nats-server"], stdout=subprocess.PIPE, text=True)
    if got.returncode != 0:
        sys.exit(got.returncode)
    return "NATS_SERVER", got.stdout.strip()


# --- Python packages

def python():
    interpreter, stamp = TOOLS / "python", TOOLS / "python.stamp"
    wanted = f"{sys.version}\n{REQUIREMENTS.read_text()}"
    if not (stamp.is_file() and stamp.read_text() == wanted and runs([interpreter, "-c", ""])):
        stamp.unlink(missing_ok=True)
        say(f"installing {REQUIREMENTS.relative_to(ROOT)} into {TOOLS}")
        command = with_venv() or with_target()
        interpreter.write_text(f"#!/bin/sh\n{command} \"$@\"\n")
        interpreter.chmod(0o755)
        if not runs([interpreter, "-c", "import svix, standardwebhooks"]):
            fail(f"the packages of {REQUIREMENTS} are installed, but do not import: try\n"
                 f"  {interpreter} -c 'import svix, standardwebhooks'")
        stamp.write_text(wanted)
    return "POSTHASTE_PYTHON", interpreter


def with_venv():
    """The command that starts the venv's Python, or None where this Python cannot make one (no ensurepip)."""
    venv = TOOLS / "venv"
    shutil.rmtree(venv, ignore_errors=True)
    if not runs([sys.executable, "-m", "venv", venv]):
        shutil.rmtree(venv, ignore_errors=True)
        return None
    inside = venv / "bin" / "python"
    pip_install([inside, "-m", "pip"])
    return f"exec {shlex.quote(str(inside))}"


def with_target():
    packages = TOOLS / "packages"
    shutil.rmtree(packages, ignore_errors=True)
    pip = [sys.executable, "-m", "pip"]
    if not runs([*pip, "--version"]):
        fail("neither a virtual environment nor pip works here: install them (Debian: apt install python3-venv "
             "python3-pip)")
    pip_install(pip, "--target", packages)
    return f"PYTHONPATH={shlex.quote(str(packages))} exec {shlex.quote(sys.executable)}"


def pip_install(pip, *where):
    done = run([*pip, "install", "--disable-pip-version-check", "--quiet", *where, "--requirement", REQUIREMENTS])
    if done.returncode != 0:
        fail(f"pip could not install {REQUIREMENTS}:\n{done.stdout.strip()}")


# --- promtool

def promtool():
    binary = shutil.which("promtool") or TOOLS / "promtool"
    if not runs([binary, "--version"]):
        fetch_promtool(TOOLS / "promtool")
    return "PROMTOOL", binary


def fetch_promtool(binary):
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        fail("promtool is missing, and this machine has no apt to get it with: install Prometheus so that promtool "
             "is in the PATH")
    TOOLS.mkdir(parents=True, exist_ok=True)
    say(f"fetching promtool into {TOOLS}")
    with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
        package = download_package(Path(scratch), "prometheus")
        fresh = Path(scratch) / "promtool"
        unpack = (f"dpkg-deb --fsys-tarfile {shlex.quote(str(package))} "
                  f"| tar --extract --to-stdout ./usr/bin/promtool > {shlex.quote(str(fresh))}")
        done = run(["sh", "-c", unpack])
        fresh.chmod(0o755)
        if done.returncode != 0 or not runs([fresh, "--version"]):
            fail(f"no working promtool in {package.name}:\n{done.stdout.strip()}")
        fresh.replace(binary)


def download_package(scratch, name):
    """Downloads without installing. Where the machine's package lists are absent or stale, fetches lists of our own,
    which needs no root and leaves the machine's alone."""
    ours = ["-o", f"Dir::State={scratch}/state", "-o", f"Dir::Cache={scratch}/cache",
            "-o", "Dir::State::status=/var/lib/dpkg/status"]
    for folder in ["state/lists/partial", "cache/archives/partial"]:
        (scratch / folder).mkdir(parents=True)
    attempts = [["apt-get", "download", name],
                ["apt-get", *ours, "update"],
                ["apt-get", *ours, "download", name]]
    said = ""
    for command in attempts:
        done = run(command, cwd=scratch)
        said += done.stdout
        found = list(scratch.glob(f"{name}_*.deb"))
        if done.returncode == 0 and found:
            return found[0]
    fail(f"apt could not download {name}, which brings promtool:\n{said.strip()}")


STEPS = {"nats-server": nats_server, "python": python, "promtool": promtool}


def main(wanted):
    unknown = [step for step in wanted if step not in STEPS]
    if unknown:
        fail(f"no step {', '.join(unknown)}; there are: {', '.join(STEPS)}")
    TOOLS.mkdir(parents=True, exist_ok=True)
    for step in wanted or STEPS:
        name, path = STEPS[step]()
        print(f"{name}={path}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
