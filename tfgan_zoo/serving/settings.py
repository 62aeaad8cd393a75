"""What lies beside the versions of a model: TF Serving's own settings, to be edited."""

from pathlib import Path

from tfgan_zoo import atomic

MODELS = """\
# What is served: --model_config_file=/models/NAME/models.config
# The newest version, unless model_version_policy says which. Labels can be given to versions that
# are loaded already (or start the server with --allow_version_labels_for_unavailable_models).
model_config_list {
  config {
    name: "NAME"
    base_path: "/models/NAME"
    model_platform: "tensorflow"
    # model_version_policy { specific { versions: 1 versions: 2 } }
    # version_labels { key: "stable" value: 1 }
    # version_labels { key: "canary" value: 2 }
  }
}
"""

BATCHING = """\
# --enable_batching --batching_parameters_file=/models/NAME/batching.config
# Requests to one signature that arrive together are answered together. Images of a request to a
# signature that takes pixels have to have the size of the others'; files (_png) may have any.
max_batch_size { value: 16 }
batch_timeout_micros { value: 2000 }  # how long a request waits for others
max_enqueued_batches { value: 64 }  # beyond that, requests are refused with 503
num_batch_threads { value: 2 }  # at most as many as cores; 1 or 2 with a GPU
"""

MONITORING = """\
# --monitoring_config_file=/models/NAME/monitoring.config, with the REST API switched on.
prometheus_config {
  enable: true
  path: "/monitoring/prometheus/metrics"
}
"""

#: By file name.
ALL = {"models.config": MODELS, "batching.config": BATCHING, "monitoring.config": MONITORING}


def write_settings(folder: Path) -> None:
    """Writes those settings that a model's folder does not have yet; others were edited, perhaps.

    Args:
        folder: of the model's versions. It is served by the folder's name, from /models/<name>, as
            TF Serving's image has it.
    """
    for file, text in ALL.items():
        path = folder / file
        if not path.exists():
            # Complete or not at all: what is there is never written again.
            with atomic.open_replacing(path, "w") as written:
                written.write(text.replace("NAME", folder.resolve().name))
