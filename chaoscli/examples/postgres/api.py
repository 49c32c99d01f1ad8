"""A small service before a database. It knows of chaoscli only what its environment says: DB_HOST and DB_PORT.

It asks by psql, so that nothing has to be installed for it; one of your own would use a client library.
"""

import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

QUERY = ["psql", "-h", os.environ["DB_HOST"], "-p", os.environ["DB_PORT"], "-qtAc", "select now()"]
TIMEOUT_S = float(os.environ.get("TIMEOUT_S", "0")) or None


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/health":
            return self.answer(200, b"up")
        try:
            asked = subprocess.run(QUERY, capture_output=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return self.answer(503, b"the database does not answer")
        return self.answer(200, asked.stdout) if asked.returncode == 0 else self.answer(502, asked.stderr)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Nothing: who asks what is in the recording."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Api).serve_forever()
