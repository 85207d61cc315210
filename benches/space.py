"""What `reshard --space ycc` costs in quality: both ways against resampling the pixels the JPEG was made of.

    python -m pip install ssimulacra2 scikit-image
    python benches/space.py FOLDER [--limit N]      FOLDER: pictures, taken as originals

Each picture is saved as a JPEG (quality 95, as RegHead's), made into one of half the size in RGB and in YCbCr, and
compared with the picture halved by Pillow before any JPEG. Higher is better in all three columns; the last line of
each block says how often YCbCr was the better one.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from ssimulacra2 import compute_ssimulacra2

LANCZOS = Image.Resampling.LANCZOS


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=40)
    given = parser.parse_args()
    paths = sorted(path for path in given.folder.rglob("*") if path.suffix in {".jpg", ".png"})
    if not paths:
        sys.exit(f"no pictures in {given.folder}")
    pictures = [Image.open(path).convert("RGB") for path in paths[:: max(1, len(paths) // given.limit)]]
    for source in ("420", "444"):
        for target in ("420", "444"):
            report(pictures, source, target)


def report(pictures: list[Image.Image], source: str, target: str) -> None:
    """One block of the table."""
    size = pictures[0].width // 2
    wanted = [picture.resize((size, size), LANCZOS) for picture in pictures]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pack(pictures, source, folder / "source.tar")
        scores = {space: judged(folder, space, size, target, wanted) for space in ("rgb", "ycc")}
    print(f"{len(pictures)} pictures, {source} to {target}: medians   PSNR dB   SSIM     SSIMULACRA2")
    for space, found in scores.items():
        psnr, ssim, s2 = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"  {space}                                          {psnr:7.3f}   {ssim:.5f}  {s2:.3f}")
    better = [
        sum(y > r for y, r in zip(ycc, rgb, strict=True))
        for ycc, rgb in zip(zip(*scores["ycc"], strict=True), zip(*scores["rgb"], strict=True), strict=True)
    ]
    print(f"  ycc better in                                {better[0]:5}     {better[1]:5}    {better[2]:5}")


def pack(pictures: list[Image.Image], subsampling: str, path: Path) -> None:
    """The pictures as a shard of q95 JPEGs."""
    with tarfile.open(path, "w") as tar:
        for number, picture in enumerate(pictures):
            body = io.BytesIO()
            picture.save(body, "JPEG", quality=95, subsampling={"420": 2, "444": 0}[subsampling])
            for field, data in (
                ("jpg", body.getvalue()),
                ("json", json.dumps({"identity": str(number)}).encode()),
            ):
                member = tarfile.TarInfo(f"{number:06d}.{field}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))


def judged(
    folder: Path, space: str, size: int, subsampling: str, wanted: list[Image.Image]
) -> list[tuple[float, float, float]]:
    """The scores of each picture made that way."""
    out = folder / space
    command = [
        "turboshard",
        "reshard",
        folder / "source.tar",
        "-o",
        out,
        "--size",
        str(size),
        "--space",
        space,
    ]
    subprocess.run(
        [*command, "--subsampling", subsampling, "--name", "made", "-q"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    scores = []
    with tarfile.open(next((out / "data").glob("*.tar"))) as tar:
        bodies = [tar.extractfile(member) for member in tar if member.name.endswith(".jpg")]
        for body, picture in zip(bodies, wanted, strict=True):
            assert body is not None
            made = Image.open(io.BytesIO(body.read())).convert("RGB")
            a, b = np.asarray(picture), np.asarray(made)
            made.save(folder / "made.png")
            picture.save(folder / "wanted.png")
            scores.append(
                (
                    float(peak_signal_noise_ratio(a, b)),
                    float(structural_similarity(a, b, channel_axis=2)),
                    float(compute_ssimulacra2(str(folder / "wanted.png"), str(folder / "made.png"))),
                )
            )
    return scores


if __name__ == "__main__":
    main()
