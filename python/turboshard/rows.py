"""What a row of a batch is made of, and rows as arrays: what every way of loading has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from turboshard import _core
from turboshard.batch import Batch
from turboshard.release import Release

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    import numpy as np
    from numpy.typing import NDArray

    from turboshard._typing import BatchColumns, Constants, OnError, Source


@dataclass(frozen=True)
class Picks:
    """Images of a row of which some are drawn.

    Attributes:
        fields: what can be drawn.
        picks: for each image the number of its field, or None for one drawn from those that the row has not.
    """

    fields: tuple[str, ...]
    picks: tuple[int | None, ...]


class Rows:
    """Samples of a release as rows of images."""

    def __init__(
        self,
        source: Source | Release,
        fields: Sequence[str] | Picks | None,
        *,
        crop: tuple[int, int, int, int] | Literal["random_resized"] | None = None,
        hflip: float = 0.0,
        normalize: Constants | None = None,
        **keywords: Any,
    ) -> None:
        self.release = Release(source)
        there = self.release.fields
        if fields is None:
            fields = [name for name in there if name.endswith((".jpg", ".jpeg"))] or there
        elif isinstance(fields, str):
            fields = [fields]
        chosen = fields if isinstance(fields, Picks) else Picks(tuple(fields), tuple(range(len(fields))))
        lower = {name.lower() for name in there}
        for name in chosen.fields:
            if len(self.release) and name.lower() not in lower:
                raise ValueError(f"no sample has the field {name!r}; there are {', '.join(there)}")
        if crop == "random_resized" and keywords.get("size") is None:
            raise ValueError('crop="random_resized" needs a size to resize to')
        self.names = chosen.fields
        self.floats = normalize is not None
        self.core = _core.Loader(
            self.release.catalog,
            self.release.rows,
            chosen.fields,
            chosen.picks,
            random_crop=crop == "random_resized",
            crop=None if crop == "random_resized" else crop,
            hflip=hflip,
            normalize=normalize,
            **keywords,
        )
        self.shape: tuple[int, ...] = tuple(self.core.shape)

    def __len__(self) -> int:
        return len(self.core)

    def array(self, pixels: NDArray[np.uint8], rows: int) -> NDArray[Any]:
        """See the bytes of a batch as images; nothing is copied."""
        return pixels.view("f4" if self.floats else "u1").reshape(rows, *self.shape)

    def batch(
        self, columns: BatchColumns, images: NDArray[Any], on_error: OnError, epoch: int, *, as_torch: bool
    ) -> tuple[Batch, list[Exception]]:
        """Make a batch of columns, and of its errors what was asked for; those it got over are returned, too."""
        import numpy as np

        keys, fields, json = columns["keys"], columns["fields"], columns["json"]
        samples = columns["samples"]
        valid = np.repeat(np.array(columns["valid"], bool)[:, None], self.shape[0], axis=1)
        overcome, skipped = [], set()
        for row, image, error in columns["errors"]:
            if row in skipped:
                continue
            if not self._overcomes(on_error, error):
                raise error
            overcome.append(error)
            valid[row, image] = False
            if on_error != "fill":
                skipped.add(row)
        if skipped:
            kept = [row for row in range(len(keys)) if row not in skipped]
            images[: len(kept)] = images[kept]
            images, valid, samples = images[: len(kept)], valid[kept], samples[kept]
            keys, fields = [keys[row] for row in kept], [fields[row] for row in kept]
            json = [json[row] for row in kept]
        names = [[self.names[number] for number in row] for row in fields]
        pixels: Any = images
        mask: Any = valid
        if as_torch:
            import torch

            pixels, mask = torch.from_numpy(images), torch.from_numpy(valid)
        return Batch(pixels, keys, mask, names, samples, epoch, json), overcome

    @staticmethod
    def _overcomes(on_error: OnError, error: Exception) -> bool:
        from turboshard.errors import ShardError

        # A disk that fails or an argument that makes no sense is not a bad sample.
        if not isinstance(error, ShardError) or on_error == "raise":
            return False
        return on_error in ("skip", "fill") or (callable(on_error) and bool(on_error(error)))
