"""What the loader makes of the images: normalisation, crops, mirrors and pairs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import turboshard as ts

from . import releases
from .loading import FIELDS, SAMPLES, root  # noqa: F401 - fixtures
from .reference import image
from .reference import loading as reference


@pytest.mark.parametrize("layout", ["HWC", "CHW"])
def test_floats_are_normalised_as_torchvision_does(root: Path, layout: str) -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    plain = next(iter(ts.Loader(root, FIELDS, batch_size=3, layout=layout))).images
    found = next(iter(ts.Loader(root, FIELDS, batch_size=3, layout=layout, normalize=(mean, std)))).images
    axes = (1, 1, 3) if layout == "HWC" else (3, 1, 1)
    constants = [np.array(c, "f4").reshape(axes) for c in (mean, std)]
    assert found.dtype == np.float32
    assert found.shape == plain.shape
    assert np.array_equal(found, (plain.astype("f4") / np.float32(255) - constants[0]) / constants[1])


def test_what_is_drawn_depends_on_seed_epoch_and_sample_alone(root: Path) -> None:
    common: dict[str, Any] = {"size": 32, "crop": "random_resized", "hflip": 0.5, "shuffle": True, "seed": 4}

    def images(**keywords: Any) -> dict[tuple[int, int], Any]:
        loader = ts.Loader(root, FIELDS, drop_last=False, **common, **keywords)
        return {
            (epoch, int(n)): pixels
            for epoch in range(2)
            for batch in loader
            for n, pixels in zip(batch.samples, batch.images, strict=True)
        }

    one, other = images(batch_size=4, threads=1), images(batch_size=7, threads=3)
    assert one.keys() == other.keys()
    assert len(one) == 2 * SAMPLES
    assert all(np.array_equal(one[at], other[at]) for at in one)
    assert sum(np.array_equal(one[0, n], one[1, n]) for n in range(SAMPLES)) == 0


def test_a_mirror_is_of_the_whole_sample(root: Path) -> None:
    common: dict[str, Any] = {"batch_size": SAMPLES, "seed": 9}
    plain = next(iter(ts.Loader(root, FIELDS, **common))).images
    found = next(iter(ts.Loader(root, FIELDS, hflip=0.5, **common))).images
    expected = [reference.is_mirrored(9, 0, n, 0.5) for n in range(SAMPLES)]
    assert 3 < sum(expected) < SAMPLES - 3
    for n, mirrored in enumerate(expected):
        assert np.array_equal(found[n], plain[n, :, :, ::-1] if mirrored else plain[n])


def test_pairs_are_two_different_expressions(tmp_path: Path) -> None:
    folder = releases.write(tmp_path / "ten", releases.samples(6, expressions=releases.EXPRESSIONS))
    loader = ts.Loader(folder, ts.reghead.pairs(target="random"), batch_size=6)
    seen = set()
    for _ in range(8):
        (batch,) = loader
        assert batch.images.shape[:2] == (6, 2)
        for row, (source, target) in enumerate(batch.fields):
            assert source == "open_m_open_e.jpg" != target
            seen.add(target)
            sample = ts.Release(folder)[batch.keys[row]]
            for place, field in enumerate((source, target)):
                assert np.array_equal(batch.images[row, place], image.decode(sample[field]))
    assert len(seen) > 5
    both = ts.Loader(folder, ts.reghead.pairs("random", "random"), batch_size=6)
    assert all(a != b for batch in both for a, b in batch.fields)
    with pytest.raises(ValueError, match="smile"):
        ts.reghead.pairs(target="smile")
