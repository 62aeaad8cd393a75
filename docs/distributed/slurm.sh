#!/bin/bash
# Trains on two nodes, one task on each, with all GPUs of both.
#   sbatch docs/distributed/slurm.sh --config=dcgan_celeba --workdir=/shared/runs/dcgan_celeba
#SBATCH --job-name=tfgan
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --time=12:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
set -eu

PORT=${PORT:-12345}
hosts=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed "s/.*/\"&:$PORT\"/" | paste -sd,)
export WORKERS="[$hosts]"

# Every task sets its own TF_CONFIG. A task that is stopped ends with 143, having saved.
srun --kill-on-bad-exit=1 bash -c '
  export TF_CONFIG="{\"cluster\": {\"worker\": $WORKERS},
    \"task\": {\"type\": \"worker\", \"index\": $SLURM_PROCID}}"
  exec python -m tfgan_zoo.train "$@"' train "$@" && exit 0 || status=$?

# 143: stopped by the signal before the end of its time. The requeued job goes on from there.
if [ "$status" -eq 143 ]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
