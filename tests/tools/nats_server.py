"""The broker."""

import subprocess
import sys

from .step import ROOT


def nats_server():
    got = subprocess.run([sys.executable, ROOT / "deploy" / "get-nats-server"], stdout=subprocess.PIPE, text=True)
    if got.returncode != 0:
        sys.exit(got.returncode)
    yield "NATS_SERVER", got.stdout.strip()
