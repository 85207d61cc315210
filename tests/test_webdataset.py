"""The parts for webdataset, each beside webdataset's own: the same pipeline must give the same."""

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import webdataset as wds
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from webdataset.autodecode import IMAGE_EXTENSIONS, ImageHandler, imagespecs

import turboshard as ts

from . import releases
from . import strategies as make

SPECS = sorted(imagespecs)
PICTURE = make.jpeg(make.picture(40, 50, 3, 1), quality=90)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return releases.write(tmp_path_factory.mktemp("wds") / "reghead-v1-64", releases.samples(7), per_shard=3)


def urls(root: Path) -> list[str]:
    return [str(path) for path in releases.shards(root)]


def has_torch() -> bool:
    try:
        import torch  # noqa: F401
    except ImportError:
        return False
    return True


def own(spec: str, key: str, data: bytes) -> Any:
    if spec.startswith("torch") and not has_torch():
        pytest.skip("torch is not installed")
    return ImageHandler(spec)(key, data)


def same(ours: Any, theirs: Any) -> bool:
    assert type(ours) is type(theirs)
    if isinstance(ours, Image.Image):
        return bool(ours.mode == theirs.mode and ours.tobytes() == theirs.tobytes())
    a, b = np.asarray(ours), np.asarray(theirs)
    return a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())


@pytest.mark.parametrize("spec", SPECS)
@settings(max_examples=12)
@given(case=make.jpegs())
def test_every_spec_gives_what_webdatasets_does(spec: str, case: make.JpegCase) -> None:
    theirs = own(spec, ".frown.jpg", case.data)
    ours = ts.webdataset.decoder(spec)(".frown.jpg", case.data)
    assert same(ours, theirs)
    if isinstance(ours, np.ndarray):
        assert ours.flags.writeable
        assert ours.flags.c_contiguous


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_other_formats_are_pillows(spec: str, mode: str) -> None:
    file = io.BytesIO()
    Image.fromarray(make.picture(9, 11, 3, 2)).convert(mode).save(file, "PNG")
    theirs = own(spec, ".x.png", file.getvalue())
    ours = ts.webdataset.decoder(spec)(".x.png", file.getvalue())
    assert same(ours, theirs)
    if isinstance(ours, np.ndarray):
        assert ours.flags.writeable


def test_the_extensions_are_webdatasets() -> None:
    handler = ts.webdataset.decoder("rgb8")
    for extension in IMAGE_EXTENSIONS:
        assert handler(f".a.{extension.upper()}", PICTURE) is not None
    for key in (".json", ".txt", ".jpg.txt", ".cls", "", ".jpg."):
        assert handler(key, PICTURE) is None


def test_a_handler_survives_pickle_and_knows_its_specs() -> None:
    handler = pickle.loads(pickle.dumps(ts.webdataset.decoder("pil", size=(8, 9))))
    assert handler(".jpg", PICTURE).size == (9, 8)
    with pytest.raises(ValueError, match="rgb9"):
        ts.webdataset.decoder("rgb9")


@pytest.mark.parametrize("extension", ["jpg", "png"])
def test_size_means_what_it_does_in_pillow(extension: str) -> None:
    file = io.BytesIO()
    Image.fromarray(make.picture(64, 48, 3, 5)).save(file, "PNG" if extension == "png" else "JPEG")
    image = Image.open(file).convert("RGB").resize((16, 24), Image.Resampling.BICUBIC)
    found = ts.webdataset.decoder("rgb8", size=(24, 16), resample="bicubic")(f".{extension}", file.getvalue())
    assert np.abs(found.astype(int) - np.asarray(image)).max() <= 1


def parse_identity_sample(sample: dict[str, Any]) -> dict[str, Any]:
    """As in RegHead's README: the expressions of an identity by name."""
    document = sample["json"]
    images = {e["expression"]: sample[e["field"]] for e in document["expressions"]}
    return {"identity": document["identity"], "images": images}


def test_the_readmes_pipeline_gives_the_same_pixels(root: Path) -> None:
    def run(handler: Any) -> list[dict[str, Any]]:
        dataset = wds.WebDataset(urls(root), shardshuffle=False).decode(handler).map(parse_identity_sample)
        return list(dataset)

    theirs, ours = run("pil"), run(ts.webdataset.decoder("pil"))
    assert len(theirs) == len(ours) == 7
    for a, b in zip(theirs, ours, strict=True):
        assert a["identity"] == b["identity"]
        assert list(a["images"]) == list(b["images"])
        assert len(a["images"]) == 3
        assert all(same(b["images"][name], image) for name, image in a["images"].items())


def test_a_broken_image_goes_to_webdatasets_handler(tmp_path: Path) -> None:
    path = tmp_path / "s.tar"
    path.write_bytes(make.gnu_shard([("a.jpg", PICTURE), ("b.jpg", PICTURE[:300]), ("c.jpg", PICTURE)]))
    seen: list[Exception] = []

    def note(error: Exception) -> bool:
        seen.append(error)
        return True

    dataset = wds.WebDataset(str(path), shardshuffle=False).decode(
        ts.webdataset.decoder("rgb8"), handler=note
    )
    assert [sample["__key__"] for sample in dataset] == ["a", "c"]
    assert len(seen) == 1


# ---------------------------------------------------------------- the tar stage


def stage(function: Any, shards: list[str], **keywords: Any) -> list[dict[str, Any]]:
    return list(wds.DataPipeline(wds.SimpleShardList(shards), function(**keywords)))


@settings(max_examples=25)
@given(st.lists(make.shards(), min_size=1, max_size=3))
def test_the_stage_gives_the_samples_webdatasets_does(scratch: Path, cases: list[make.ShardCase]) -> None:
    shards = []
    for number, case in enumerate(cases):
        path = scratch / f"stage-{number}.tar"
        path.write_bytes(case.data)
        shards.append(str(path))
    theirs = stage(wds.tarfile_to_samples, shards)
    ours = stage(ts.webdataset.tarfile_to_samples, shards)
    assert theirs
    assert ours == theirs
    assert all(type(v) is bytes for sample in ours for name, v in sample.items() if name[:2] != "__")


def test_equal_keys_on_both_sides_of_a_shards_end_stay_two_samples(tmp_path: Path) -> None:
    shards = []
    for number, field in enumerate(["jpg", "txt"]):
        path = tmp_path / f"{number}.tar"
        path.write_bytes(make.gnu_shard([(f"k.{field}", b"x")]))
        shards.append(str(path))
    found = stage(ts.webdataset.tarfile_to_samples, shards)
    assert [sorted(sample) for sample in found] == [
        ["__key__", "__url__", "jpg"],
        ["__key__", "__url__", "txt"],
    ]


def test_files_are_selected_and_renamed(root: Path) -> None:
    keywords: dict[str, Any] = {
        "select_files": lambda name: not name.endswith("frown.jpg"),
        "rename_files": lambda name: name.replace("halfo", "half"),
    }
    ours = stage(ts.webdataset.tarfile_to_samples, urls(root), **keywords)
    assert ours == stage(wds.tarfile_to_samples, urls(root), **keywords)
    assert len(ours) == 7
    assert "half_m_o_e.jpg" in ours[0]


def test_a_truncated_shard_is_told_and_the_next_one_read(root: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar"
    broken.write_bytes(Path(urls(root)[0]).read_bytes()[:20_000])
    with pytest.raises(ts.ShardError, match="truncated"):
        stage(ts.webdataset.tarfile_to_samples, [str(broken)])
    seen: list[Exception] = []

    def note(error: Exception) -> bool:
        seen.append(error)
        return True

    found = stage(
        ts.webdataset.tarfile_to_samples,
        [str(broken), f"file:{urls(root)[1]}"],
        handler=note,
    )
    assert len(seen) == 1
    assert len(found) == 3


def test_what_is_not_here_is_left_to_webdataset(root: Path) -> None:
    piped = [f"pipe:cat {url}" for url in urls(root)]
    assert stage(ts.webdataset.tarfile_to_samples, piped) == stage(wds.tarfile_to_samples, piped)


# ---------------------------------------------------------------- whole samples


def test_a_samples_images_in_one_call(root: Path) -> None:
    fields = [f"{name}.jpg" for name in releases.EXPRESSIONS[:3]]
    decode = pickle.loads(pickle.dumps(ts.webdataset.SampleDecoder(fields, size=32)))
    found = list(wds.WebDataset(urls(root), shardshuffle=False).map(decode))
    assert len(found) == 7
    for sample in found:
        raw = ts.Release(root)[sample["__key__"]]
        assert sample["images"].shape == (3, 32, 32, 3)
        for place, field in enumerate(fields):
            assert field not in sample
            assert np.array_equal(sample["images"][place], ts.decode(raw[field], size=32))
        assert json.loads(sample["json"])["sample_key"] == sample["__key__"]
    apart = ts.webdataset.SampleDecoder(fields, stack=None)(ts.Release(root)[0])
    assert apart[fields[1]].shape == (64, 64, 3)


def test_a_sample_that_cannot_be_decoded_is_named() -> None:
    decode = ts.webdataset.SampleDecoder(["a.jpg", "b.jpg"])
    sample = {"__key__": "k", "__url__": "s.tar", "a.jpg": PICTURE, "b.jpg": PICTURE[:200]}
    with pytest.raises(ts.DecodeError) as caught:
        decode(sample)
    assert (caught.value.shard, caught.value.member) == ("s.tar", "k.b.jpg")
    del sample["a.jpg"]
    with pytest.raises(ts.ShardError, match=r"no field a\.jpg"):
        decode(sample)
