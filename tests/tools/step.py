"""What every step does: run commands, tell how it goes, and give up."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = ROOT / "tests"
TOOLS = ROOT / "target" / "tools"


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
