"""Clients of TF Serving: REST, with the standard library alone, and gRPC.

Both read the model's signatures from the server, and use NumPy arrays:

    >>> client = RestClient("http://localhost:8501/v1/models/dcgan")
    >>> list(client.signatures())
    ['generate', 'generate_from_seed', ...]
    >>> client.predict("generate_from_seed", {"seed": np.array([7])})["images"].shape
    (1, 32, 32, 3)
"""

import base64
import http.client
import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from tfgan_zoo.errors import InputError, RefusedError, ServerError, input_error_of
from tfgan_zoo.serving.connection import BusyError, patiently, read_certificates

#: Statuses of HTTP and gRPC that refuse a request for what it holds; another may be accepted.
_REFUSED = {400, 413, 422, 429, 500}
_REFUSED_BY_GRPC = {"INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE", "RESOURCE_EXHAUSTED"}

#: NumPy's names of TensorFlow's types. Strings are arrays of bytes objects.
DTYPES = {
    "DT_FLOAT": "float32",
    "DT_UINT8": "uint8",
    "DT_INT64": "int64",
    "DT_INT32": "int32",
    "DT_STRING": "object",
}


class Tensor(NamedTuple):
    """Type and shape of a tensor; -1 is any size."""

    dtype: str
    shape: tuple[int, ...]


class Signature(NamedTuple):
    """Inputs and outputs of a signature, by name."""

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


class Client(Protocol):
    """Interface of both clients.

    Attributes:
        name: Name of the server and its model, for errors.
    """

    name: str

    def signatures(self) -> dict[str, Signature]:
        """Returns the model's signatures, in alphabetical order."""

    def predict(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the answer to a batch."""


class RestClient:
    """A client of TF Serving over HTTP.

    Args:
        url: `http://HOST:8501/v1/models/NAME`, followed by `/versions/2` or `/labels/stable` for
            one version.
        timeout: Seconds to wait for an answer.
        retries: Number of times to repeat a request if there is no connection or the server is
            busy (503).
        first_wait: Seconds before the first repetition; doubled before each further one.
        headers: Further headers of each request, by name. A redirection does not pass them on.
        ca_file: A file of certificates in PEM format that an https server is checked with; None for
            those of the system.

    Raises:
        InputError: If the URL has another form, or the certificates cannot be read.
    """

    def __init__(
        self,
        url: str,
        timeout: float = 60.0,
        retries: int = 4,
        first_wait: float = 0.5,
        headers: Mapping[str, str] | None = None,
        ca_file: str | None = None,
    ):
        self.url = self.name = url.rstrip("/").removesuffix(":predict")
        if not re.fullmatch(
            r"https?://[^/]+(/.*)?/v1/models/[^/:]+(/(versions/\d+|labels/[^/:]+))?", self.url
        ):
            raise InputError(
                "--url: expected http://HOST:8501/v1/models/NAME, or that with /versions/NUMBER or "
                f"/labels/LABEL, got {url!r}."
            )
        self.timeout = timeout
        self.retries = retries
        self.first_wait = first_wait
        self._headers = dict(headers or {})
        self._context = None
        if ca_file is not None:
            if not self.url.startswith("https:"):
                raise InputError("--ca_file: expected --url=https://... beside it, got http.")
            self._context = ssl.create_default_context(cadata=read_certificates(ca_file))

    def signatures(self) -> dict[str, Signature]:
        """Returns the model's signatures, in alphabetical order.

        Raises:
            ServerError: If the server cannot be reached, or has no such model.
        """
        answer = self._ask("/metadata", None)
        try:
            found = answer["metadata"]["signature_def"]["signature_def"]
            return {
                name: Signature(
                    *(
                        {key: _tensor(info) for key, info in found[name].get(side, {}).items()}
                        for side in ("inputs", "outputs")
                    )
                )
                for name in sorted(found)
                if found[name].get("inputs")
            }
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise ServerError(f"{self.url}: the metadata is not that of TF Serving.") from error

    def predict(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the answer to a batch.

        Args:
            signature: Name of the signature.
            inputs: Arrays by name, with the batch as first axis; files and texts are bytes objects.

        Raises:
            ServerError: If the server cannot be reached, refuses, or its answer does not match the
                signature: other names or types, or another number of rows than the batch.
        """
        rows = [
            {name: _to_json(value) for name, value in zip(inputs, row, strict=True)}
            for row in zip(*inputs.values(), strict=True)
        ]
        answer = self._ask(":predict", {"signature_name": signature, "instances": rows})
        outputs = self._outputs(signature)
        try:
            made = answer["predictions"]
            if len(outputs) == 1:  # TF Serving omits the name of a single output.
                made = [{next(iter(outputs)): value} for value in made]
            found = {
                name: _to_array([row[name] for row in made], tensor)
                for name, tensor in outputs.items()
            }
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise ServerError(f"{self.url}: the answer does not match {signature}.") from error
        return _checked(found, outputs, len(rows), self.url, signature)

    def _outputs(self, signature: str) -> Mapping[str, Tensor]:
        if not hasattr(self, "_known"):
            self._known = self.signatures()
        if signature not in self._known:
            raise InputError(
                f"--signature: expected one of {', '.join(self._known)}, got {signature!r}."
            )
        return self._known[signature].outputs

    def _ask(self, path: str, content: Any) -> Any:
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json"}
        )
        for name, value in self._headers.items():
            request.add_unredirected_header(name, value)

        def once() -> Any:
            try:
                with urllib.request.urlopen(
                    request, timeout=self.timeout, context=self._context
                ) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:
                said = _reason(error.read(), error.reason)
                if error.code == 503:
                    raise BusyError(f"the server is busy (503): {said}") from error
                kind = RefusedError if error.code in _REFUSED else ServerError
                raise kind(f"{self.url}: {said} ({error.code}).") from error
            except TimeoutError as error:
                raise self._late() from error
            except (urllib.error.URLError, http.client.HTTPException, ConnectionError) as error:
                reason = getattr(error, "reason", error)
                if isinstance(reason, TimeoutError):
                    raise self._late() from error
                if isinstance(reason, ssl.SSLCertVerificationError):
                    raise ServerError(
                        f"{self.url}: the certificate cannot be verified "
                        f"({reason.verify_message}); see --ca_file."
                    ) from error
                raise BusyError(f"no connection: {reason}") from error
            except ValueError as error:
                raise ServerError(f"{self.url}: the answer is not JSON.") from error

        return patiently(once, self.url, self.retries, self.first_wait)

    def _late(self) -> ServerError:
        return ServerError(f"{self.url}: no answer within {self.timeout:g} s; see --timeout.")


class GrpcClient:
    """A client of TF Serving over gRPC, which sends floats in fewer bytes than JSON.

    Needs `tensorflow-serving-api`: pip install 'tfgan_zoo[serving]'.

    Args:
        target: `HOST:8500`.
        model_name: Name of the model on the server.
        version: Version number; None for the newest.
        label: Label of a version, instead of its number.
        timeout: Seconds to wait for an answer.
        retries: Number of times to repeat a request while the server is unavailable.
        first_wait: Seconds before the first repetition; doubled before each further one.
        tls: Whether to encrypt the connection and check the server's certificate.
        ca_file: A file of certificates in PEM format that the server is checked with; None for
            those that gRPC comes with.

    Raises:
        InputError: If that package is not installed, or the certificates cannot be read.
    """

    def __init__(
        self,
        target: str,
        model_name: str,
        version: int | None = None,
        label: str | None = None,
        timeout: float = 60.0,
        retries: int = 4,
        first_wait: float = 0.5,
        tls: bool = False,
        ca_file: str | None = None,
    ):
        try:
            import grpc
            from tensorflow_serving.apis import (
                get_model_metadata_pb2,
                model_pb2,
                predict_pb2,
                prediction_service_pb2_grpc,
            )
        except ImportError as error:
            raise InputError(
                f"--grpc: {error.name} is not installed; pip install 'tfgan_zoo[serving]', or use "
                "--url."
            ) from error
        self._grpc, self._metadata, self._predict = grpc, get_model_metadata_pb2, predict_pb2
        self.name = f"{target}, {model_name}"
        self._spec = model_pb2.ModelSpec(name=model_name)
        if version is not None:
            self._spec.version.value = version
        elif label is not None:
            self._spec.version_label = label
        unlimited = [(f"grpc.max_{way}_message_length", -1) for way in ("send", "receive")]
        if tls:
            known = None if ca_file is None else read_certificates(ca_file).encode()
            credentials = grpc.ssl_channel_credentials(known)
            channel = grpc.secure_channel(target, credentials, options=unlimited)
        elif ca_file is not None:
            raise InputError("--ca_file: expected --tls beside it, got none.")
        else:
            channel = grpc.insecure_channel(target, options=unlimited)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self.timeout = timeout
        self.retries = retries
        self.first_wait = first_wait

    def signatures(self) -> dict[str, Signature]:
        """Returns the model's signatures, in alphabetical order.

        Raises:
            ServerError: If the server cannot be reached, or has no such model.
        """
        from tensorflow.core.framework import types_pb2

        request = self._metadata.GetModelMetadataRequest(
            model_spec=self._spec, metadata_field=["signature_def"]
        )
        answer = self._ask(self._stub.GetModelMetadata, request)
        found = self._metadata.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(found)

        def tensors(infos) -> dict[str, Tensor]:
            return {
                key: Tensor(
                    DTYPES.get(types_pb2.DataType.Name(info.dtype), "unknown"),
                    tuple(dim.size for dim in info.tensor_shape.dim),
                )
                for key, info in infos.items()
            }

        return {
            name: Signature(tensors(signature.inputs), tensors(signature.outputs))
            for name, signature in sorted(found.signature_def.items())
            if signature.inputs
        }

    def predict(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the answer to a batch; see `RestClient.predict`.

        Raises:
            ServerError: If the server cannot be reached, or refuses.
        """
        import tensorflow as tf

        request = self._predict.PredictRequest(model_spec=self._spec)
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        answer = self._ask(self._stub.Predict, request)
        try:
            found = {name: tf.make_ndarray(value) for name, value in answer.outputs.items()}
        except (TypeError, ValueError) as error:
            raise ServerError(f"{self.name}: the answer does not match {signature}.") from error
        num = len(next(iter(inputs.values())))
        return _checked(found, self._outputs(signature), num, self.name, signature)

    def _outputs(self, signature: str) -> Mapping[str, Tensor]:
        if not hasattr(self, "_known"):
            self._known = self.signatures()
        return self._known[signature].outputs if signature in self._known else {}

    def _ask(self, method: Callable, request: Any) -> Any:
        def once() -> Any:
            try:
                return method(request, timeout=self.timeout)
            except self._grpc.RpcError as error:
                if error.code() is self._grpc.StatusCode.UNAVAILABLE:
                    raise BusyError(f"unavailable: {error.details()}") from error
                if error.code() is self._grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise ServerError(
                        f"{self.name}: no answer within {self.timeout:g} s; see --timeout."
                    ) from error
                status = error.code().name
                kind = RefusedError if status in _REFUSED_BY_GRPC else ServerError
                raise kind(f"{self.name}: {_sentence(error.details())} ({status}).") from error

        return patiently(once, self.name, self.retries, self.first_wait)


def _reason(body: bytes, otherwise: str) -> str:
    try:
        return _sentence(str(json.loads(body)["error"]))
    except (ValueError, KeyError, TypeError):
        return str(otherwise)


def _sentence(text: str) -> str:
    """Returns a server's error in one line: what the model refuses, if it says so."""
    found = input_error_of(text)
    return " ".join((str(found) if found else text).split()).rstrip(".")


def _tensor(info: Mapping[str, Any]) -> Tensor:
    dims = info["tensor_shape"].get("dim", [])
    return Tensor(DTYPES.get(info["dtype"], "unknown"), tuple(int(dim["size"]) for dim in dims))


def _checked(
    found: dict[str, np.ndarray],
    outputs: Mapping[str, Tensor],
    num: int,
    server: str,
    signature: str,
) -> dict[str, np.ndarray]:
    """Returns an answer after checking it against a signature and a batch of `num`.

    Raises:
        ServerError: If it does not match.
    """
    for name, tensor in outputs.items():
        if name not in found:
            raise ServerError(f"{server}: the answer of {signature} has no {name}.")
        array = found[name]
        if array.dtype != np.dtype(tensor.dtype if tensor.dtype != "unknown" else array.dtype):
            raise ServerError(
                f"{server}: expected {name} of {signature} to be "
                f"{'strings' if tensor.dtype == 'object' else tensor.dtype}, got {array.dtype}."
            )
        if array.ndim == 0 or len(array) != num:
            came = "one value" if array.ndim == 0 else f"{len(array)} rows"
            raise ServerError(
                f"{server}: expected {num} {'row' if num == 1 else 'rows'} of {name} from "
                f"{signature}, one for each row sent, got {came}."
            )
    return found


def _to_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()}
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _to_array(values: list[Any], tensor: Tensor) -> np.ndarray:
    if tensor.dtype != "object":
        return np.array(values, tensor.dtype)
    made = np.empty(len(values), object)
    made[:] = [
        base64.b64decode(v["b64"], validate=True) if isinstance(v, dict) else v.encode()
        for v in values
    ]
    return made
