"""Settings of TF Serving, written beside the versions of a model for users to edit."""

from pathlib import Path

from tfgan_zoo import atomic

MODELS = """\
# Models to serve: --model_config_file=/models/NAME/models.config
# The newest version by default; model_version_policy chooses others. Labels need versions that are
# already loaded (or start the server with --allow_version_labels_for_unavailable_models).
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
# Requests to one signature that arrive together form one batch. Signatures that take pixels need
# images of one size in a batch; files (_png) may differ.
max_batch_size { value: 16 }
batch_timeout_micros { value: 2000 }  # time that a request waits for others
max_enqueued_batches { value: 64 }  # further requests are refused with 503
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
    """Writes settings that are missing in a model's folder. Existing ones may have been edited.

    Args:
        folder: Folder of the model's versions. The model is served under the folder's name, from
            /models/<name>, as in TF Serving's image.
    """
    for file, text in ALL.items():
        path = folder / file
        if not path.exists():
            # Complete or not at all, because an existing file is never written again.
            with atomic.open_replacing(path, "w") as written:
                written.write(text.replace("NAME", folder.resolve().name))
