"""Serves SavedModels by TF Serving's PredictionService, using its own stubs."""

import contextlib
from concurrent import futures

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)


class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, models):
        self.models = models
        self.trouble = []
        #: Functions that change the tensors of the next answers, by name.
        self.replies = []

    def found(self, spec, context):
        if self.trouble:
            context.abort(self.trouble.pop(0), "The server is not well")
        model = self.models.get(spec.name)
        kind = {"version": "versions", "version_label": "labels"}.get(
            spec.WhichOneof("version_choice")
        )
        which = spec.version_label or spec.version.value
        try:
            return model.versions[model.version(kind, which)]
        except (AttributeError, KeyError):
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found: {spec.name}")

    def Predict(self, request, context):  # noqa: N802
        _, signatures = self.found(request.model_spec, context)
        given = {k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()}
        answer = predict_pb2.PredictResponse()
        try:
            made = signatures[request.model_spec.signature_name](**given)
            if self.replies:
                made = self.replies.pop(0)(made)
        except Exception as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        for name, value in made.items():
            answer.outputs[name].CopyFrom(tf.make_tensor_proto(np.asarray(value)))
        return answer

    def GetModelMetadata(self, request, context):  # noqa: N802
        definitions, _ = self.found(request.model_spec, context)
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        mapped = get_model_metadata_pb2.SignatureDefMap()
        for name, value in definitions.items():
            mapped.signature_def[name].CopyFrom(value)
        answer.metadata["signature_def"].Pack(mapped)
        return answer


@contextlib.contextmanager
def serving(models, certificate=None):
    """Yields (target, service); with a certificate, (its file, its key's file), over TLS."""
    server, service = grpc.server(futures.ThreadPoolExecutor(2)), Service(models)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
    if certificate is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        file, key = (path.read_bytes() for path in certificate)
        credentials = grpc.ssl_server_credentials([(key, file)])
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield f"127.0.0.1:{port}", service
    finally:
        server.stop(None).wait()
