# SPDX-License-Identifier: Apache-2.0
"""A web server of the test's own, on a free port: what other people's systems are to a flow.

    with Web() as web:
        web.answers["GET", "/rates"] = [(503, {}, b""), (200, {}, b"{}")]     # in turn; the last one stays
        …
        web.seen                                                           # [("GET", "/rates", headers, body), …]
"""
import http.server
import json
import ssl
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        web = self.server.web
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with web.lock:
            web.seen.append((self.command, self.path, dict(self.headers), body))
            left = web.answers.get((self.command, self.path), [(404, {}, b"nothing here")])
            given = left.pop(0) if len(left) > 1 else left[0]
        code, headers, content = given(self.path, dict(self.headers), body) if callable(given) else given
        self.send_response(code)
        for name, value in {"Content-Length": len(content), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class Web:
    def __init__(self, certificate=None):
        """With a file of its key and certificate it speaks TLS."""
        self.answers, self.seen, self.lock = {}, [], threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.web = self
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def on(self, method, path, *given):
        """What it answers, in turn: a code, (code, body) or a function of path, headers and body that returns one such as
        (code, headers, bytes). A body is a text, or a value that goes out as JSON."""
        def whole(one):
            code, body = one if isinstance(one, tuple) else (one, "")
            return code, {}, body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.answers[method, path] = [one if callable(one) else whole(one) for one in given]

    def calls(self, method, path):
        """(headers, body) of each such request."""
        with self.lock:
            return [(headers, body) for m, p, headers, body in self.seen if (m, p) == (method, path)]
