"""Tells whether a webhook request is from who it says, over the body as it was received.

Copy this file. It needs Python 3.9 and nothing else; only `standard-v1a` needs the package `cryptography`.
"""

import base64
import hashlib
import hmac
from typing import NamedTuple, Optional

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None


class Scheme(NamedTuple):
    header: str                      # carries the signatures
    entry: str = ""                  # what a signature begins with; what begins otherwise is passed over
    separator: Optional[str] = None  # between signatures, of which there are several while a secret is rotated
    before: str = ""                 # what is signed before the body
    id: Optional[str] = None         # the header of the message id, which stays the same when it is sent again
    timestamp: Optional[str] = None  # the header of the time of sending, or "t=" where the signature header has it
    algorithm: str = "sha256"
    encoding: str = "hex"
    secret: Optional[str] = None     # what a secret begins with that is base64 from there on; None: used as it is


SCHEMES = {
    "standard-v1": Scheme("webhook-signature", "v1,", " ", "{id}.{timestamp}.", "webhook-id", "webhook-timestamp",
                          encoding="base64", secret="whsec_"),
    "standard-v1a": Scheme("webhook-signature", "v1a,", " ", "{id}.{timestamp}.", "webhook-id", "webhook-timestamp",
                           algorithm="ed25519", encoding="base64", secret="whpk_"),
    "svix": Scheme("svix-signature", "v1,", " ", "{id}.{timestamp}.", "svix-id", "svix-timestamp",
                   encoding="base64", secret="whsec_"),
    "justwallet": Scheme("signature"),
    "hex-body": Scheme("x-signature"),
    "stripe": Scheme("stripe-signature", "v1=", ",", "{timestamp}.", timestamp="t="),
    "github": Scheme("x-hub-signature-256", "sha256=", id="x-github-delivery"),
    "slack": Scheme("x-slack-signature", "v0=", before="v0:{timestamp}:", timestamp="x-slack-request-timestamp"),
    "zoom": Scheme("x-zm-signature", "v0=", before="v0:{timestamp}:", timestamp="x-zm-request-timestamp"),
    "shopify": Scheme("x-shopify-hmac-sha256", id="x-shopify-webhook-id", encoding="base64"),
    "pagerduty": Scheme("x-pagerduty-signature", "v1=", ","),
    "convoy-advanced": Scheme("x-convoy-signature", "v1=", ",", "{timestamp},", timestamp="t="),
    "masspay": Scheme("x-masspay-signature", "s=", ",", "{timestamp}|", timestamp="t=", algorithm="sha512"),
    "static-secret": Scheme("signature", algorithm="static"),
}


class Refused(Exception):
    """The request is not to be believed. The reason is for your log, not for the sender."""


def key_of(scheme, secret):
    """The key in a secret. Call it once, at the start, so that a wrong secret is found then."""
    if scheme.algorithm == "ed25519" and Ed25519PublicKey is None:
        raise ValueError("the package cryptography is missing")
    if scheme.secret is None:
        key = secret.encode()
    elif secret.startswith(scheme.secret):
        key = base64.b64decode(secret[len(scheme.secret):], validate=True)
    else:
        raise ValueError(f"the secret must begin with {scheme.secret}")
    if not key:
        raise ValueError("the secret is empty")
    return key


def verify(scheme, key, headers, body, now, tolerance=300):
    """Returns the message id, or None where the scheme has none; raises Refused. `headers` has its names in lower
    case, `body` is the bytes as received, `now` and `tolerance` are in seconds."""
    def header(name):
        if not headers.get(name):
            raise Refused(f"{name} is missing")
        return headers[name]

    given = header(scheme.header)
    entries = given.split(scheme.separator) if scheme.separator else [given]
    message_id = header(scheme.id) if scheme.id else None
    timestamp = None
    if scheme.timestamp == "t=":
        timestamp = next((entry[2:] for entry in entries if entry.startswith("t=")), "")
    elif scheme.timestamp:
        timestamp = header(scheme.timestamp)
    if timestamp is not None:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise Refused("the timestamp is not a number of seconds")
        if abs(now - int(timestamp)) > tolerance:
            raise Refused("the timestamp is too far from now")
    before = scheme.before.replace("{id}", message_id or "").replace("{timestamp}", timestamp or "")
    content = before.encode("latin-1") + body
    signatures = [entry[len(scheme.entry):] for entry in entries if entry.startswith(scheme.entry)]
    if not any(matches(scheme, key, content, signature) for signature in signatures):
        raise Refused("no signature matches")
    return message_id


def matches(scheme, key, content, signature):
    if scheme.algorithm == "ed25519":
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature, validate=True), content)
        except (InvalidSignature, ValueError):
            return False
        return True
    expected = key
    if scheme.algorithm != "static":
        mac = hmac.new(key, content, getattr(hashlib, scheme.algorithm)).digest()
        expected = base64.b64encode(mac) if scheme.encoding == "base64" else mac.hex().encode()
    # Not ==, which takes the longer the more of it is right.
    return hmac.compare_digest(expected, signature.encode("latin-1"))
