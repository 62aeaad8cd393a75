import keras
import numpy as np
import pytest

from tfgan_zoo import invert, pictures
from tfgan_zoo.commands import inversion
from tfgan_zoo.data import figures
from tfgan_zoo.data.images import decode
from tfgan_zoo.errors import InputError

SHORT = ["--features=mnist_v1", "--steps=3"]


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    pictures.save_png(path, figures.render(figures.attributes(num=1), 40)[0])
    return path


def test_a_stopped_command_continues_with_the_next_layer(photo, tmp_path, monkeypatch, capsys):
    out = tmp_path / "sheet.png"
    command = [*SHORT, "--layers=conv1,conv2", f"--input={photo}", f"--output={out}"]
    asked = []
    invert_one = inversion.FeatureInversion.invert

    def stops(self, images, layer, **options):
        asked.append(layer)
        if asked == ["conv1", "conv2"]:
            raise KeyboardInterrupt
        return invert_one(self, images, layer, **options)

    monkeypatch.setattr(inversion.FeatureInversion, "invert", stops)
    with pytest.raises(KeyboardInterrupt):
        invert.main(command)
    assert not out.exists()
    invert.main(command)
    assert asked == ["conv1", "conv2", "conv2"]
    said = capsys.readouterr()
    assert said.out == f"1 image: {out}\n"
    assert "photo.png: 2 of 2, conv2 " in said.err
    height, width, _ = decode(out).shape
    assert width == 3 * 160 + 2 * 2
    assert height > 160
    assert not (tmp_path / "sheet.png.parts").exists()
    with pytest.raises(InputError, match=r"sheet\.png.* exists"):
        invert.main(command)


def test_parts_of_other_settings_or_images_are_not_taken(photo):
    image = decode(photo)
    settings = inversion.Settings("mnist_v1", ("conv1", "conv2"), None, 1.0, None, None, {})
    name = inversion._fingerprint(settings, "conv1", image, None, b"")
    assert inversion._fingerprint(settings._replace(layers=()), "conv1", image, None, b"") == name
    others = [
        inversion._fingerprint(settings._replace(options={"steps": 2}), "conv1", image, None, b""),
        inversion._fingerprint(settings, "conv2", image, None, b""),
        inversion._fingerprint(settings, "conv1", 255 - image, None, b""),
        inversion._fingerprint(settings, "conv1", image, image, b""),
    ]
    assert len({name, *others}) == 5


def test_parts_of_a_network_that_was_replaced_are_not_taken(tmp_path):
    path = tmp_path / "own.keras"
    settings = inversion.Settings(str(path), (), None, 1.0, None, None, {"features_file": None})
    found = []
    for content in (b"one", b"another"):
        path.write_bytes(content)
        found.append(inversion._network_files(settings))
    assert found[0] != found[1]


@pytest.mark.slow
def test_a_folder_with_a_style_and_the_middle(photo, tmp_path, capsys):
    out = tmp_path / "sheets"
    (tmp_path / "in").mkdir()
    photo.rename(tmp_path / "in" / "a.png")
    pictures.save_png(tmp_path / "in" / "b.png", np.zeros((28, 50, 3), np.uint8))
    flags = [*SHORT, "--layers=conv1,logits", f"--input={tmp_path / 'in'}", f"--output={out}"]
    invert.main([*flags, f"--style={tmp_path / 'in' / 'a.png'}", "--centre=5"])
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png"]
    assert "logits" not in capsys.readouterr().err
    invert.main([*flags, "--skip_existing"])
    assert capsys.readouterr().out == f"0 images, 2 there already: {out}\n"


def test_layers_of_a_file_are_told_by_their_features(photo, tmp_path, capsys):
    """Its names say nothing of positions, as `pool` of EfficientNet does."""
    layers = [keras.layers.Conv2D(2, 3, name="wide"), keras.layers.GlobalAveragePooling2D()]
    keras.Sequential([keras.Input((8, 8, 3)), *layers]).save(tmp_path / "own.keras")
    flags = [f"--features={tmp_path / 'own.keras'}", "--steps=1", f"--input={photo}"]
    invert.main([*flags, f"--style={photo}", f"--output={tmp_path / 'a.png'}"])
    assert "2 of 2, global_average_pooling2d" in capsys.readouterr().err
    invert.main([*flags, "--centre=3", f"--output={tmp_path / 'b.png'}"])
    assert "1 of 1, wide" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--features=mnist_v2"], "no network 'mnist_v2'; did you mean mnist_v1"),
        (["--layers=conv1,conf2"], "--layers: mnist_v1 has no layer 'conf2'; did you mean conv2"),
        (["--style=gone.png"], "--style: there is no file 'gone.png'"),
        (["--size=0"], "--size: expected a number of pixels from 1 up, got 0"),
        (["--style_weight=2"], "--style_weight: expected --style beside it, got none"),
        (["--layers=logits", "--size=64"], "--size: expected none for logits of mnist_v1, which"),
        (["--skip_existing", "--overwrite"], "--skip_existing: expected without --overwrite"),
        (["--tv_beta=0"], "tv_beta: "),
        (["--layers=logits", "--centre=5"], "--layers: expected a layer with positions for --cent"),
        (["--layers=logits", "--style=x.png"], "--layers: expected a layer with positions for --s"),
    ],
)
def test_wrong_flags_before_anything_is_written(photo, tmp_path, flags, said):
    out = tmp_path / "sheet.png"
    with pytest.raises(InputError, match=said):
        invert.main([*SHORT, f"--input={photo}", f"--output={out}", *flags])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.png"]
