"""Classes of other packages that are registered by the names of the library's."""

import json
import zipfile

import keras
import pytest

import tfgan_zoo
from tests.models.tiny import LATENT, SHAPE, tiny
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import Maxout
from tfgan_zoo.models import DCGAN
from tfgan_zoo.models.mechanics.registration import check_names

register = keras.saving.register_keras_serializable
TAKEN = r"\.{}: expected a Keras name of its own, got 'tfgan_zoo>{}', which .*\(\"my_package\"\)\.$"


@pytest.fixture(autouse=True)
def names():
    """Leaves Keras' names as they were."""
    objects = keras.saving.get_custom_objects()
    before = dict(objects)
    yield
    objects.clear()
    objects.update(before)


def test_a_model_that_takes_the_name_of_another_is_refused(tmp_path):
    tiny("dcgan", dense=True).save(tmp_path / "dcgan.keras")
    check_names()
    mine = register("tfgan_zoo")(type("DCGAN", (DCGAN,), {}))
    said = TAKEN.format("DCGAN", "DCGAN")
    like = tiny("gan")
    with pytest.raises(InputError, match=said):
        mine(SHAPE, LATENT, like.generator, like.discriminator)
    with pytest.raises(InputError, match=said):
        tfgan_zoo.load_model(tmp_path / "dcgan.keras")
    with pytest.raises(InputError, match=said):
        keras.saving.load_model(tmp_path / "dcgan.keras")


def test_so_is_a_layer():
    register("tfgan_zoo")(type("Maxout", (Maxout,), {}))
    with pytest.raises(InputError, match=TAKEN.format("Maxout", "Maxout")):
        tfgan_zoo.load_model("any.keras")


def test_other_names_and_other_packages_are_free(tmp_path):
    register("tfgan_zoo")(type("NoNameOfTheLibrary", (DCGAN,), {}))
    mine = register("my_package")(type("DCGAN", (DCGAN,), {}))
    check_names()
    like = tiny("gan")
    mine(SHAPE, LATENT, like.generator, like.discriminator).save(tmp_path / "mine.keras")
    assert type(tfgan_zoo.load_model(tmp_path / "mine.keras")) is mine


def test_a_file_of_a_class_that_had_the_name_is_not_loaded_as_the_librarys(tmp_path):
    mine = register("my_package")(type("DCGAN", (DCGAN,), {}))
    like = tiny("gan")
    mine(SHAPE, LATENT, like.generator, like.discriminator).save(tmp_path / "new.keras")
    file = tmp_path / "earlier.keras"
    with zipfile.ZipFile(tmp_path / "new.keras") as new, zipfile.ZipFile(file, "w") as earlier:
        for name in new.namelist():
            content = new.read(name)
            if name == "config.json":
                config = json.loads(content)
                assert config["registered_name"] == "my_package>DCGAN"
                content = json.dumps(config | {"registered_name": "tfgan_zoo>DCGAN"}).encode()
            earlier.writestr(name, content)
    with pytest.raises(InputError, match=r"^filepath: .*registration\.DCGAN, which was saved by"):
        tfgan_zoo.load_model(file)
    with keras.saving.custom_object_scope({"tfgan_zoo>DCGAN": mine}):
        assert type(tfgan_zoo.load_model(file)) is mine
