"""A receiver that speaks one old version of TLS only.

    old_tls.py 1.0|1.1 < certificate-and-key.pem

Prints "listening PORT" once it has seen a client of that version through a handshake. From then on, for each
connection, it prints "refused REASON" where the handshake failed, or "received" and the number of bytes that the
first read decrypted.
"""

import socket
import ssl
import sys
import tempfile
import threading
import warnings

VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1}
# Longer than anything on the loopback takes.
PATIENCE = 20


def pinned(protocol, version):
    context = ssl.SSLContext(protocol)
    # The old versions' signatures are too weak for any level above this.
    context.set_ciphers("ALL:@SECLEVEL=0")
    # That old versions are deprecated is the point.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = version
        context.maximum_version = version
    return context


def server(version):
    context = pinned(ssl.PROTOCOL_TLS_SERVER, version)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(sys.stdin.read())
        file.flush()
        context.load_cert_chain(file.name)
    return context


def shake_hands(port, version):
    context = pinned(ssl.PROTOCOL_TLS_CLIENT, version)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain, context.wrap_socket(plain) as tls:
        tls.sendall(b"hello")


def receive(listener, context):
    plain, _ = listener.accept()
    plain.settimeout(PATIENCE)
    try:
        with context.wrap_socket(plain, server_side=True) as tls:
            return f"received {len(tls.recv(65536))}"
    except ssl.SSLError as error:
        return f"refused {error.reason}"
    finally:
        plain.close()


def main(name):
    version = VERSIONS[name]
    context = server(version)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    client = threading.Thread(target=shake_hands, args=(port, version), daemon=True)
    client.start()
    seen = receive(listener, context)
    if not seen.startswith("received") or seen == "received 0":
        sys.exit(f"this Python cannot speak TLS {name}: {seen}")
    client.join()
    print(f"listening {port}", flush=True)
    while True:
        print(receive(listener, context), flush=True)


main(*sys.argv[1:])
