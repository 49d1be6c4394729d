"""Tests of the returner to web servers, with a server on this machine."""

import datetime
import ipaddress
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.returners.case import ReturnerCase, ret
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), json.loads(body)))
        code = int(self.path.strip("/") or 204)
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


def certificate(folder: str) -> tuple[str, str]:
    """Make a certificate for this machine; give the files of it and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = (f"{folder}.pem", f"{folder}.key")
    with open(paths[0], "wb") as file:
        file.write(made.public_bytes(serialization.Encoding.PEM))
    with open(paths[1], "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    return paths


class HttpTests(ReturnerCase):
    name = "http"

    def setUp(self) -> None:
        self.server = HTTPServer(("127.0.0.1", 0), _Handler)
        self.server.got = []
        self.scheme = "http"

    def serve(self) -> str:
        thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}"

    def test_post(self) -> None:
        """
        The server gets the return as JSON, with the headers that were asked for.
        """
        self.use(url=f"{self.serve()}/200", token="t", headers={"X-Team": "ops"})
        self.call("returner")(ret(ret_kwargs={"token": "other"}))
        [(path, headers, body)] = self.server.got
        self.assertEqual((path, body["return"]), ("/200", True))
        self.assertEqual((headers["Authorization"], headers["X-Team"]), ("Bearer other", "ops"))
        self.assertNotIn("ret_kwargs", body)

    def test_token_of_a_file(self) -> None:
        """
        A token may end in a line feed; one that cannot be sent is shown to nobody.
        """
        place = self.serve()
        self.use(url=f"{place}/200", token="secret\n")
        self.call("returner")(ret())
        self.assertEqual(self.server.got[0][1]["Authorization"], "Bearer secret")
        for options in (
            {"token": "sec\nret"},
            {"headers": {"X": "sec\nret"}},
            {"token": "secret☃"},
        ):
            self.use(url=f"{place}/200", **options)
            error = self.assertRaises(CommandExecutionError, self.call("returner"), ret())
            self.assertIn("127.0.0.1: a header", str(error))
            self.assertNotIn("sec", str(error))
        self.use(url="http://bob:secret@127.0.0.1/200")
        error = self.assertRaises(SaltInvocationError, self.call("returner"), ret())
        self.assertNotIn("secret", str(error))

    def test_refused(self) -> None:
        """
        An answer that is no success is a failure; a redirect is not followed.
        """
        place = self.serve()
        for code in (302, 404, 500):
            self.use(url=f"{place}/{code}")
            error = self.assertRaises(CommandExecutionError, self.call("returner"), ret())
            self.assertIn(str(code), str(error))
        self.assertEqual(len(self.server.got), 3)

    def test_certificate(self) -> None:
        """
        A server whose certificate nobody vouches for gets nothing; with its authority it does.
        """
        cert, key = certificate(self.mktemp())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *arguments: None
        self.scheme = "https"
        place = self.serve()
        self.use(url=f"{place}/200")
        error = self.assertRaises(CommandExecutionError, self.call("returner"), ret())
        self.assertIn("certificate", str(error).lower())
        self.assertEqual(self.server.got, [])
        self.use(url=f"{place}/200", ca_bundle=cert)
        self.call("returner")(ret())
        self.assertEqual(len(self.server.got), 1)

    def test_down(self) -> None:
        """
        A server that is not there is a failure; an address of another kind a mistake.
        """
        self.server.server_close()
        self.use(url=f"http://127.0.0.1:{self.server.server_port}/")
        self.assertRaises(CommandExecutionError, self.call("returner"), ret())
        self.use(url="file:///etc/passwd")
        self.assertRaises(SaltInvocationError, self.call("returner"), ret())
