"""A webhook receiver. SCHEME, SECRET, PORT (0: any), TOLERANCE (seconds) and, for kloutit, VERIFY_URL are read from the
environment. Behind a proxy that speaks HTTPS."""

import http.client
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from verify import SCHEMES, Refused, key_of, verify

NAME, SECRET = os.environ["SCHEME"], os.environ["SECRET"]
TOLERANCE = int(os.environ.get("TOLERANCE", "300"))
MOST_BYTES = 1 << 20
# Just Wallet takes 200 alone for an answer; all others take any 2xx.
TAKEN = 200 if NAME == "justwallet" else 204

# Kloutit signs nothing: it is asked instead, and SECRET is the key of its API.
VERIFY_URL = urlsplit(os.environ["VERIFY_URL"]) if NAME == "kloutit" else None
SCHEME = None if VERIFY_URL else SCHEMES[NAME]
KEY = None if VERIFY_URL else key_of(SCHEME, SECRET)


def ask(body):
    """The status for Kloutit: taken if it says that the event is its own, 401 if not, 503 if it does not say."""
    connect = http.client.HTTPSConnection if VERIFY_URL.scheme == "https" else http.client.HTTPConnection
    connection = connect(VERIFY_URL.netloc, timeout=5)
    try:
        connection.request("POST", VERIFY_URL.path or "/", body,
                           {"x-api-key": SECRET, "content-type": "application/json"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 503
    finally:
        connection.close()
    return TAKEN if 200 <= status < 300 else 401 if status < 500 else 503


def take(message_id, body):
    """Here store the event and be done: what it means is worked out after the answer. An id that is stored already is
    an event sent again, which is answered like the first. The body is not logged: it holds personal data."""
    print(f"accepted {NAME} {message_id or '-'} {len(body)} bytes", flush=True)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            return self.answer(411)
        if len(length) > 7 or int(length) > MOST_BYTES:
            return self.answer(413)
        body = self.rfile.read(int(length))
        message_id, status = None, TAKEN
        try:
            if VERIFY_URL:
                status = ask(body)
            else:
                # A name that comes twice is none of ours: joined, its values fit nothing.
                headers = {name.lower(): ",".join(self.headers.get_all(name)) for name in self.headers}
                message_id = verify(SCHEME, KEY, headers, body, time.time(), TOLERANCE)
        except Refused as refused:
            print(f"refused: {refused}", file=sys.stderr, flush=True)
            status = 401
        if status == TAKEN:
            take(message_id, body)
        self.answer(status)

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", "0")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "0"))), Receiver)
print(f"listening on {server.server_port}", flush=True)
server.serve_forever()
