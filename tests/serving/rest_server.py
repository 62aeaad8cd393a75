"""Serves SavedModels by TF Serving's REST protocol, following its documentation.

https://www.tensorflow.org/tfx/serving/api_rest: row format, base64 of tensors `*_bytes`, metadata,
errors. It is independent of the client. `python -m tests.serving.rest_server FOLDER PORT` serves
one model, a folder of versions, until it is stopped.
"""

import base64
import contextlib
import http.server
import json
import re
import ssl
import sys
import threading
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2


class Served:
    """A model's folder of versions."""

    def __init__(self, folder, labels=()):
        self.labels = dict(labels)
        self.versions = {}
        for path in sorted(p for p in folder.iterdir() if p.name.isdigit()):
            proto = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
            signatures = tf.saved_model.load(str(path)).signatures
            self.versions[int(path.name)] = (proto.meta_graphs[0].signature_def, signatures)

    def version(self, kind, which):
        if kind == "labels":
            return self.labels[which]
        return int(which) if kind == "versions" else max(self.versions)


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, code, content):
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def route(self, verb):
        self.server.asked.append(self.path)
        self.server.headers.append(dict(self.headers))
        if self.server.trouble:
            code = self.server.trouble.pop(0)
            if code == "hang up":
                self.close_connection = True
                return None
            if isinstance(code, float):
                threading.Event().wait(code)
            elif isinstance(code, str):
                self.send_response(302)
                self.send_header("Location", code)
                self.send_header("Content-Length", "0")
                return self.end_headers()
            elif code != 200:
                return self.answer(code, {"error": "The server is not well."})
        match = re.fullmatch(
            rf"/v1/models/([^/:]+)(?:/(versions|labels)/([^/:]+))?{verb}", self.path
        )
        if not match:
            return self.answer(404, {"error": f"Malformed request: {self.command} {self.path}"})
        name, kind, which = match.groups()
        try:
            model = self.server.models[name]
            number = model.version(kind, which)
            return name, number, *model.versions[number]
        except KeyError:
            return self.answer(404, {"error": f"Servable not found for request: Latest({name})"})

    def do_GET(self):
        found = self.route("/metadata")
        if found is None:
            return
        name, number, definitions, _ = found
        mapped = {
            key: json_format.MessageToDict(
                value, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
            )
            for key, value in definitions.items()
        }
        self.answer(
            200,
            {
                "model_spec": {"name": name, "signature_name": "", "version": str(number)},
                "metadata": {"signature_def": {"signature_def": mapped}},
            },
        )

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = self.route(":predict")
        if found is None:
            return
        _, _, definitions, signatures = found
        key = request.get("signature_name", "serving_default")
        try:
            inputs = definitions[key].inputs
            rows = request["instances"]
            if not isinstance(rows[0], dict) or "b64" in rows[0]:
                rows = [{next(iter(inputs)): row} for row in rows]
            given = {k: self.tensor([r[k] for r in rows], info) for k, info in inputs.items()}
            made = {k: v.numpy() for k, v in signatures[key](**given).items()}
        except Exception as error:
            self.answer(400, {"error": f"{type(error).__name__}: {error}"})
            return
        columns = {k: [self.plain(k, row) for row in v] for k, v in made.items()}
        if len(columns) == 1:
            (predictions,) = columns.values()
        else:
            predictions = [
                dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
            ]
        content = {"predictions": predictions}
        if self.server.replies:
            content = self.server.replies.pop(0)(content)
        self.answer(200, content)

    @staticmethod
    def tensor(values, info):
        kind = tf.dtypes.as_dtype(info.dtype)
        if kind == tf.string:
            values = [base64.b64decode(v["b64"]) if isinstance(v, dict) else v for v in values]
        return tf.constant(values, kind)

    @staticmethod
    def plain(name, value):
        if isinstance(value, bytes):
            if name.endswith("_bytes"):
                return {"b64": base64.b64encode(value).decode()}
            return value.decode()
        return np.asarray(value).tolist()


class Server(http.server.ThreadingHTTPServer):
    """A server that records requests and can misbehave.

    `asked` holds the paths of all requests, and `headers` their headers. `trouble` lists what
    happens to the next ones: a status, of which 200 is no trouble, "hang up", a number of seconds
    to wait, or a URL to redirect to. `replies` are functions that change the next answers,
    as servers other than TF Serving, or models of others, might.
    """

    def __init__(self, models, certificate=None, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.models = models
        self.asked, self.headers, self.trouble, self.replies = [], [], [], []
        self.scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"

    def handle_error(self, request, client_address):
        """Ignores clients that did not wait for their answer."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)

    def url(self, model):
        return f"{self.scheme}://127.0.0.1:{self.server_port}/v1/models/{model}"


@contextlib.contextmanager
def serving(models, certificate=None):
    """Yields a server; with a certificate, (its file, its key's file), one over https."""
    with Server(models, certificate) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with Server({folder.name: Served(folder)}, port=int(sys.argv[2])) as server:
        server.serve_forever()
