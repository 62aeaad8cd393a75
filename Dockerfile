# Trains tfgan_zoo's models. On the CPU:
#
#   docker build --tag tfgan_zoo .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" tfgan_zoo tfgan_zoo.train --model=dcgan
#
# On NVIDIA GPUs, with NVIDIA's container toolkit (written, but not tested):
#
#   docker build --tag tfgan_zoo:gpu --build-arg TENSORFLOW='tensorflow[and-cuda]' .
#   docker run --rm --gpus all --user "$(id -u):$(id -g)" -v "$PWD:/work" tfgan_zoo:gpu \
#       tfgan_zoo.train --model=dcgan
#
# Other commands run in the same way, such as tfgan_zoo.generate; tfgan_zoo lists them.
FROM python:3.11-slim

ARG TENSORFLOW=tensorflow
COPY pyproject.toml setup.cfg setup.py README.md LICENSE /source/
COPY configs /source/configs
COPY tfgan_zoo /source/tfgan_zoo
RUN pip install --no-cache-dir "${TENSORFLOW}>=2.20,<2.22" '/source[imagenet]' && rm -r /source

# Any user can run it: caches and Keras' settings go to a folder that all can write to.
ENV HOME=/tmp PYTHONUNBUFFERED=1
# Runs are written to runs/ here, and sources such as folder:photos are found here.
WORKDIR /work
ENTRYPOINT ["python", "-m"]
CMD ["tfgan_zoo"]
