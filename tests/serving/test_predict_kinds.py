"""Files that `tfgan_zoo.predict` writes of every other kind of model, beside the model's answer."""

import numpy as np
import pytest
from PIL import Image

from tests.models.tiny import labelled
from tests.serving import exported, rest_server
from tfgan_zoo import cli, pictures, predict
from tfgan_zoo.data.images import Fit, decode
from tfgan_zoo.data.readers import voxel_files

pytestmark = pytest.mark.usefixtures("loaded_once")


def said(*argv, capsys):
    """Returns (status, standard output, standard error) of `predict`."""
    with pytest.raises(SystemExit) as stop:
        cli.run(predict.main, [str(argument) for argument in argv])
    return (stop.value.code, *capsys.readouterr())


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def serving(name, folder):
    exported.model(name).export(folder / name / "1")
    return rest_server.serving({name: rest_server.Served(folder / name)})


# ---------------------------------------------------------------------- voxels


@pytest.fixture(scope="module")
def solids(tmp_path_factory):
    with serving("gan_3d", tmp_path_factory.mktemp("solids")) as server:
        yield server


@pytest.fixture
def of_solids(solids):
    solids.asked.clear()
    return f"--url={solids.url('gan_3d')}"


def occupancies(seeds):
    return (exported.model("gan_3d").generate(seeds=seeds) + 1) / 2


def test_voxels_of_seeds(of_solids, solids, tmp_path, capsys):
    wanted = occupancies(range(7, 10))
    assert 0.05 < np.mean(wanted >= 0.5) < 0.95
    flags = [of_solids, "--num=3", "--seed=7", "--batch_size=2"]
    status, out, err = said(*flags, f"--output={tmp_path / 'a.npz'}", capsys=capsys)
    assert (status, err) == (0, "")
    assert out == f"3 objects by generate_from_seed: {tmp_path / 'a.npz'}\n"
    assert sum(path.endswith(":predict") for path in solids.asked) == 2
    with np.load(tmp_path / "a.npz") as file:
        found = file["voxels"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert np.abs(found[::-1] - wanted).max() > 0.01  # other seeds differ
    # Bits travel where they suffice, and occupancies where another threshold needs them.
    for threshold, by in ((0.5, "generate_from_seed_bits"), (0.45, "generate_from_seed")):
        output = tmp_path / f"{threshold}.npz"
        more = [f"--threshold={threshold}", f"--output={output}"]
        assert said(*flags, *more, capsys=capsys)[1] == f"3 objects by {by}: {output}\n"
        with np.load(output) as file:
            np.testing.assert_array_equal(file["voxels"], wanted >= threshold)
    # A folder is named after the seeds; what exists is left alone.
    folder = tmp_path / "solids"
    folder.mkdir()
    (folder / "000008.binvox").write_bytes(b"earlier")
    more = [f"--output={folder}", "--format=binvox", "--skip_existing"]
    printed = said(*flags, *more, capsys=capsys)[1]
    assert printed == f"2 objects by generate_from_seed_bits, 1 there already: {folder}\n"
    assert (folder / "000008.binvox").read_bytes() == b"earlier"
    names = ["000007.binvox", "000008.binvox", "000009.binvox"]
    assert sorted(path.name for path in folder.iterdir()) == names
    for name, each in ((names[0], wanted[0]), (names[2], wanted[2])):
        expected = voxel_files.WRITERS[".binvox"](np.any(each >= 0.5, axis=-1))
        assert (folder / name).read_bytes() == expected


def test_voxels_are_drawn(of_solids, tmp_path, capsys):
    made = exported.model("gan_3d").generate(seeds=[7, 8, 9])
    sheet, folder = tmp_path / "sheet.png", tmp_path / "pictures"
    flags = [of_solids, "--num=3", "--seed=7"]
    assert said(*flags, f"--output={sheet}", capsys=capsys)[0] == 0
    drawn = pictures.draw_voxels(made)
    np.testing.assert_array_equal(read(sheet), pictures.enlarge(pictures.grid(drawn)))
    assert said(*flags, f"--output={folder}", capsys=capsys)[0] == 0
    for seed, image in zip((7, 8, 9), drawn, strict=True):
        np.testing.assert_array_equal(read(folder / f"{seed:06d}.png"), image)
    for ending in voxel_files.WRITERS:
        output = tmp_path / f"one{ending}"
        more = [of_solids, "--seed=9", "--largest_component", f"--output={output}"]
        assert said(*more, capsys=capsys)[0] == 0
        part = voxel_files.largest_component(np.any(made[2] >= 0, axis=-1))
        assert output.read_bytes() == voxel_files.WRITERS[ending](part)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--output=x.vox", "--num=2"], "--num: expected 1, as a .vox holds one object, got more"),
        (["--output=x.npz", "--threshold=2"], "--threshold: expected an occupancy above 0, up to"),
        (["--output=x.npz", "--format=vox"], "--format: expected --output to be a folder, got x."),
        (["--output=x", "--turntable"], "--turntable: expected --output to be a .gif or a .mp4"),
        (["--output=x.gif"], "--output: expected a .png or a folder"),
        (["--output=x", "--text=a"], "--text: expected none for this model, which makes voxels"),
        (["--output=x", "--class_label=a"], "--class_label: expected none for this model"),
        (["--output=x", "--input={image}"], "no signature that takes images_bytes and returns im"),
    ],
    ids=str,
)
def test_voxels_are_refused_in_a_sentence(
    of_solids, tmp_path, monkeypatch, capsys, flags, sentence
):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    flags = [flag.format(image=tmp_path / "a.png") for flag in flags]
    status, out, err = said(of_solids, *flags, capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert sentence in err
    assert not list(work.iterdir())


@pytest.mark.parametrize("values", [[np.nan], [1.5], [0.5, 0.5]])
def test_an_answer_that_is_no_voxels_is_an_error_of_the_server(
    of_solids, solids, tmp_path, capsys, values
):
    def answer(content):
        (row,) = content["predictions"]
        row = np.resize(np.array(values), np.shape(row)[: 4 if len(values) == 1 else 2])
        return {"predictions": [row.tolist()]}

    solids.replies[:] = [answer]
    status, _, err = said(of_solids, f"--output={tmp_path / 'x.npz'}", capsys=capsys)
    assert (status, err.count("\n")) == (1, 1)
    assert err.endswith(("the answer of generate_from_seed is no voxels.\n", "from_seed.\n"))
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------- attributes


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    with serving("attribute_to_image", tmp_path_factory.mktemp("described")) as server:
        yield server


@pytest.fixture
def of_attributes(described):
    described.asked.clear()
    return f"--url={described.url('attribute_to_image')}"


def assert_level(path, floats):
    """A file is what floats in [-1, 1] are as pixels, but for a level."""
    expected = pictures.to_uint8(floats).astype(int)
    assert np.abs(read(path).reshape(expected.shape) - expected).max() <= 1


def test_attributes_are_drawn_with_masks(of_attributes, described, tmp_path, capsys):
    model, out = exported.model("attribute_to_image"), tmp_path / "images"
    name, *others = model.coding.names
    first, second = model.coding.classes[name][:2]
    flags = [of_attributes, "--num=2", "--seed=7", "--batch_size=3"]
    both = [f"--attribute={name}={first}", f"--attribute={name}={second}"]
    status, printed, err = said(*flags, *both, f"--output={out}", capsys=capsys)
    by = "generate_from_codes_png"
    assert (status, printed, err) == (0, f"4 images by {by}: {out}\n", "")
    asked = [path for path in described.asked if path.endswith(":predict")]
    assert len(asked) == 2 + 1  # one of them for what the attributes are
    names = {f"{i}_00000{seed}{end}" for i in (1, 2) for seed in (7, 8) for end in ("", "_mask")}
    assert {path.stem for path in out.iterdir()} == names
    apart = []
    for i, value in enumerate((first, second), 1):
        for seed in (7, 8):
            given = model.coding.sample(1, seed) | {name: value}
            images, masks = model.generate_with_masks(given)
            assert_level(out / f"{i}_{seed:06d}.png", images[0])
            assert_level(out / f"{i}_{seed:06d}_mask.png", 2 * masks[0] - 1)
            apart.append(read(out / f"{i}_{seed:06d}.png").astype(int))
    assert min(np.abs(a - b).max() for i, a in enumerate(apart) for b in apart[:i]) > 2
    # All of them given: one image, into a file of its own.
    middle = model.coding.middle()
    texts = {
        n: model.coding.classes[n][0] if n in model.coding.classes else middle[n] for n in others
    } | {name: first}
    given = [f"--attribute={n}={v}" for n, v in texts.items()]
    one = tmp_path / "one.png"
    assert said(of_attributes, *given, f"--output={one}", capsys=capsys)[0] == 0
    images, masks = model.generate_with_masks(texts)
    assert_level(one, images[0])
    assert_level(tmp_path / "one_mask.png", 2 * masks[0] - 1)
    # What exists is not written over, a mask no more than an image.
    one.unlink()
    sentence = said(of_attributes, *given, f"--output={one}", capsys=capsys)[2]
    assert "one_mask.png' exists; add --overwrite to replace it." in sentence
    assert said(of_attributes, "--seed=-3", f"--output={tmp_path / 'b.png'}", capsys=capsys)[0] == 0


def test_attributes_are_refused_in_a_sentence(of_attributes, of_solids, tmp_path, capsys):
    output = f"--output={tmp_path / 'x'}"
    names = exported.model("attribute_to_image").coding.names
    for url, flag, sentence in (
        (of_attributes, "--attribute=colr=3", "--attribute: there is no 'colr'"),
        (of_attributes, f"--attribute={names[0]}=nothing", f"--attribute={names[0]}: there is no"),
        (of_attributes, "--text=a", "--text: expected none for this model, which draws from att"),
        (of_attributes, "--threshold=0.5", "--threshold: expected none for this model, which ma"),
        (of_solids, "--attribute=a=b", "--attribute: expected none for this model, which draws"),
    ):
        status, _, err = said(url, flag, output, capsys=capsys)
        assert (status, err.count("\n")) == (2, 1)
        assert err.startswith(f"error: {sentence}")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------- label maps


@pytest.fixture(scope="module")
def of_labels():
    made = exported.contrasted(labelled(style_size=2))
    made.styles.assign(np.random.default_rng(0).standard_normal(made.styles.shape))
    return made


@pytest.fixture(scope="module")
def labels_served(of_labels, tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    of_labels.export(folder / "maps" / "1")
    with rest_server.serving({"maps": rest_server.Served(folder / "maps")}) as server:
        yield server


@pytest.fixture
def maps(labels_served, of_labels, tmp_path):
    """Flags for two label maps of different sizes, of which one has pixels of no class."""
    random = np.random.default_rng(1)
    for name, size in (("a.png", (16, 16)), ("b.png", (12, 20))):
        for kind, most in (("label", of_labels.num_classes), ("inst", 3)):
            (tmp_path / kind).mkdir(exist_ok=True)
            values = random.integers(0, most, size, np.uint8)
            if (kind, name) == ("label", "b.png"):
                values[:3] = 200
            Image.fromarray(values).save(tmp_path / kind / name)
    url = f"--url={labels_served.url('maps')}"
    return [url, f"--input={tmp_path / 'label'}", f"--instances={tmp_path / 'inst'}"]


@pytest.mark.slow
def test_label_maps_become_images(maps, of_labels, tmp_path, capsys):
    made = {}
    for style in (None, 3):
        out = tmp_path / f"out{style}"
        more = ["--ignored=200", f"--output={out}", *[f"--style={style}"] * (style is not None)]
        status, printed, err = said(*maps, *more, capsys=capsys)
        assert (status, printed, err) == (0, f"2 images by a_to_b_png: {out}\n", "")
        for name in ("a.png", "b.png"):
            labels = read(tmp_path / "label" / name).astype(np.int32)
            given = np.stack([np.where(labels == 200, -1, labels), read(tmp_path / "inst" / name)])
            given = np.moveaxis(given, 0, -1)[np.newaxis].astype(np.int16)
            assert_level(out / name, of_labels.translate(given, styles=style)[0])
            made[style, name] = read(out / name).astype(int)
    for name in ("a.png", "b.png"):
        assert np.abs(made[None, name] - made[3, name]).max() > 2
    # Without the value of no class, the server refuses a map, which may be left out.
    out = tmp_path / "some"
    status, _, err = said(*maps, f"--output={out}", capsys=capsys)
    assert (status, err.count("\n")) == (1, 1)
    assert "label/b.png: http" in err
    assert err.endswith("for no class, got 200; num_classes=3 (400).\n")
    more = [f"--output={out}", "--on_error=skip", "--skip_existing"]
    assert said(*maps, *more, capsys=capsys)[1] == (
        f"0 images by a_to_b_png, 1 left out, 1 there already: {out}\n"
    )
    assert [path.name for path in out.iterdir()] == ["a.png"]


@pytest.mark.slow
def test_label_maps_are_refused_in_a_sentence(maps, of_solids, tmp_path, capsys):
    url, given, instances = maps
    out = f"--output={tmp_path / 'out'}"
    for flags, sentence in (
        ([url, given], "--instances: expected the instance maps of the label maps, which this"),
        ([*maps, "--style=10"], "--style: expected 0 to 9, got 10."),
        ([*maps, "--bits=16"], "--bits: expected 8 for label maps, got 16."),
        ([*maps, "--threshold=0.5"], "--threshold: expected none for this model, which makes no"),
        ([url], "The model has no signature that takes seed and returns images_bytes: a_to_b t"),
        ([url, "--style=1"], "--style: expected --input of label maps beside it, and a model"),
        ([of_solids, given, instances], "--instances: expected --input of label maps beside it"),
        ([of_solids, given, "--classes=cmp_facades"], "--classes: expected --input of label maps"),
    ):
        status, _, err = said(*flags, out, capsys=capsys)
        assert (status, err.count("\n")) == (2, 1)
        assert err.startswith(f"error: {sentence}")
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------------- codes


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    with serving("vae", tmp_path_factory.mktemp("encoder")) as server:
        yield server


@pytest.fixture
def photos(encoder, tmp_path):
    """Flags for images of two classes, of other sizes and channels than the model's."""
    random = np.random.default_rng(0)
    for name, shape in (("a/1.png", (20, 31, 3)), ("a/2.png", (16, 16)), ("b/3.png", (40, 24, 3))):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, shape, np.uint8)).save(path)
    encoder.asked.clear()
    return [f"--url={encoder.url('vae')}", f"--input={tmp_path / 'photos'}"]


def fitted(path, **options):
    """The image of a file as the model takes it."""
    *size, channels = exported.model("vae").image_shape
    return Fit(tuple(size), channels, **options)(decode(path), str(path))[np.newaxis]


@pytest.mark.slow
def test_images_are_encoded(photos, encoder, tmp_path, capsys):
    model, out = exported.model("vae"), tmp_path / "codes.npz"
    status, printed, err = said(*photos, "--batch_size=2", f"--output={out}", capsys=capsys)
    said_ = f"3 codes of {model.latent_dim} numbers, of 2 classes by encode_png: {out}\n"
    assert (status, printed, err) == (0, said_, "")
    assert sum(path.endswith(":predict") for path in encoder.asked) == 2
    with np.load(out) as file:
        found = dict(file)
    assert found["names"].tolist() == ["a/1.png", "a/2.png", "b/3.png"]
    assert found["labels"].tolist() == [0, 0, 1]
    assert found["class_names"].tolist() == ["a", "b"]
    images = [fitted(tmp_path / "photos" / name) for name in found["names"]]
    expected = model.encode(np.concatenate(images))
    assert found["codes"].dtype == np.float32
    np.testing.assert_allclose(found["codes"], expected, atol=1e-5)
    assert np.abs(expected[0] - expected[1]).max() > 1e-2
    # A square in the middle is another image.
    more = [photos[0], f"--input={tmp_path / 'photos' / 'b' / '3.png'}", "--crop=20"]
    assert said(*more, f"--output={tmp_path / 'one.npz'}", capsys=capsys)[0] == 0
    with np.load(tmp_path / "one.npz") as file:
        one = file["codes"]
    given = fitted(tmp_path / "photos" / "b" / "3.png", crop=20)
    np.testing.assert_allclose(one, model.encode(given), atol=1e-5)
    assert np.abs(one - expected[2]).max() > 1e-2


@pytest.mark.slow
def test_images_are_reconstructed(photos, tmp_path, capsys):
    out = tmp_path / "again"
    (tmp_path / "photos" / "a" / "0.png").write_bytes(b"no image")
    more = ["--on_error=skip", f"--output={out}"]
    status, printed, err = said(*photos, *more, capsys=capsys)
    assert (status, printed) == (0, f"3 images by reconstruct_png, 1 left out: {out}\n")
    assert err.startswith("left out: ")
    for name in ("a/1.png", "a/2.png", "b/3.png"):
        given = fitted(tmp_path / "photos" / name)
        assert_level(out / name, exported.model("vae").reconstruct(given)[0])


@pytest.mark.slow
def test_codes_are_refused_in_a_sentence(photos, of_solids, tmp_path, capsys):
    url, given = photos
    codes = f"--output={tmp_path / 'x.npz'}"
    for flags, sentence in (
        ([url, codes], "--output: expected a .png or a folder for this model, which makes images"),
        ([url, f"--output={tmp_path / 'x'}", "--crop=8"], "--crop: expected --input of images"),
        ([*photos, f"--output={tmp_path / 'x'}", "--split=test"], "--split: expected --output of"),
        ([*photos, codes, "--bits=16"], "--bits: expected 8 for codes of images, got 16."),
        ([*photos, codes, "--attribute=a=b"], "--attribute: expected none beside --input"),
        ([of_solids, given, codes], "--output: expected a .png or a folder for this model"),
        ([url, "--input=no", codes], "--input: 'no' does not exist; check the path."),
    ):
        status, _, err = said(*flags, capsys=capsys)
        assert (status, err.count("\n")) == (2, 1)
        assert err.startswith(f"error: {sentence}")
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


@pytest.mark.slow
def test_grpc_writes_the_same_files_of_every_kind(
    solids, described, encoder, maps, labels_served, photos, tmp_path
):
    pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")
    from tests.serving import grpc_server

    models = {}
    for server in (solids, described, encoder, labels_served):
        models |= server.models
    more = {
        "gan_3d": ["--num=2", "--format=vox"],
        "attribute_to_image": ["--num=2"],
        "maps": [*maps[1:], "--ignored=200"],
        "vae": [photos[1]],
    }
    with grpc_server.serving(models) as (target, _):
        for server in (solids, described, encoder, labels_served):
            (name,) = server.models
            for way in ("rest", "grpc"):
                to = [f"--url={server.url(name)}"]
                if way == "grpc":
                    to = [f"--grpc={target}", f"--model_name={name}"]
                predict.main([*to, *more[name], f"--output={tmp_path / way / name}"])
            files = [path for path in (tmp_path / "rest" / name).rglob("*") if path.is_file()]
            assert len(files) >= 2
            for path in files:
                other = tmp_path / "grpc" / path.relative_to(tmp_path / "rest")
                assert other.read_bytes() == path.read_bytes()


# ---------------------------------------------------------------------- enlarged images


@pytest.mark.slow
def test_enlarged_grey_images_stay_grey(tmp_path, capsys):
    colours = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    image = Image.fromarray(colours).convert("L")
    image.save(tmp_path / "grey.png")
    model = exported.model("srgan")
    made = model.upscale(np.repeat(np.asarray(image)[None, ..., None], 3, axis=-1))[0]
    assert np.ptp(made, axis=-1).max() > 0.1
    wanted = Image.fromarray(pictures.to_uint8(made)).convert("L")
    with serving("srgan", tmp_path) as server:
        flags = [f"--url={server.url('srgan')}", f"--input={tmp_path / 'grey.png'}"]
        assert said(*flags, f"--output={tmp_path / 'out.png'}", capsys=capsys)[0] == 0
    found = read(tmp_path / "out.png")
    assert found.ndim == 2
    np.testing.assert_allclose(found.astype(int), np.asarray(wanted), atol=1)
