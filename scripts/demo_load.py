"""Load a release as webdataset's README does: nothing here knows how it was written."""

import sys
from pathlib import Path

import webdataset as wds

urls = sorted(str(path) for path in Path(sys.argv[1], "data").glob("*.tar"))
samples = images = 0
for sample in wds.WebDataset(urls, shardshuffle=False).decode("pil"):
    pictures = {field: image for field, image in sample.items() if field.endswith(".jpg")}
    if not samples:
        first = next(iter(pictures.values()))
        print(
            f"{sample['__key__']}\n  {sample['json']['identity']}: {len(pictures)} × {first.mode} {first.size}"
        )
    samples += 1
    images += len(pictures)
assert samples, "no sample was read"
print(f"{samples} samples, {images} images decoded from {len(urls)} shards")
