"""Judges captured deliveries as a customer's receiver would: with the published libraries.

Reads one JSON object a line, {"secret": "whsec_…", "headers": {name: value}, "body_base64": "…"}, and answers each
with one line, {"standardwebhooks": bool, "svix": bool, "error": null or {library: reason}}. The headers may be
`webhook-*` (both libraries) or `svix-*` (only svix). Both refuse a timestamp more than five minutes from now, so a
capture must be judged while it is fresh. `svix` checks through `standardwebhooks`: it is the customers' entry point,
not a second opinion on the signature.
"""

import base64
import json
import sys

import standardwebhooks
import svix.webhooks

LIBRARIES = {"standardwebhooks": standardwebhooks.Webhook, "svix": svix.webhooks.Webhook}


def reason_against(library, capture):
    """Why the library refuses the capture, or None where it accepts it."""
    try:
        library(capture["secret"]).verify(base64.b64decode(capture["body_base64"]), capture["headers"])
    except Exception as refusal:  # Whatever a library raises, a customer's receiver would answer 4xx or 5xx.
        return f"{type(refusal).__name__}: {refusal}"
    return None


for line in sys.stdin:
    capture = json.loads(line)
    against = {name: reason_against(library, capture) for name, library in LIBRARIES.items()}
    refusals = {name: reason for name, reason in against.items() if reason is not None}
    answer = {name: name not in refusals for name in LIBRARIES}
    print(json.dumps({**answer, "error": refusals or None}), flush=True)
