"""For torch: a map-style data set over shards, its collate function, and a sampler that can be stopped and taken up.

>>> import turboshard as ts
>>> data = ts.torch.ShardDataset("reghead_download", fields=ts.reghead.FIELDS, size=512)
>>> loader = DataLoader(data, batch_size=16, shuffle=True, num_workers=4, collate_fn=ts.torch.collate)
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from turboshard import _core, _process
from turboshard.errors import ShardError
from turboshard.rows import Picks, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Unpack

    from turboshard._typing import Constants, LoadKeywords, OnError, Source
    from turboshard.batch import Batch
    from turboshard.loader import Loader
    from turboshard.release import Release

__all__ = ["EpochSampler", "ShardDataset", "batches", "collate"]


class ShardDataset:
    """The samples of a release, decoded when they are asked for; a batch is one call.

    ``[i]`` is a dict of ``images``, a uint8 tensor (F, height, width, 3), ``valid`` (F,), ``key``, ``meta`` and
    ``index``. It pickles as its paths and is opened again by whoever unpickles it, so it works with every way to
    start workers. What is drawn (``crop``, ``hflip``, `reghead.pairs`) is decided by ``seed``, the epoch of
    `set_epoch`, and the sample.

    Args:
        source: a release or a part of one, shards, or a list of them.
        fields: the images of a sample; None for every ``.jpg``.
        seed: of what is drawn.
        hflip: as in `Loader`.
        normalize: as in `Loader`.
        on_error: ``"raise"``, or ``"fill"`` with zeros that are not ``valid``.
        threads: None for all CPUs this process may use, but 1 in a torch worker.
        **keywords: as in `Loader`.
    """

    def __init__(
        self,
        source: Source | Release,
        fields: Sequence[str] | Picks | None = None,
        *,
        seed: int = 0,
        hflip: float = 0.0,
        normalize: Constants | None = None,
        on_error: OnError = "raise",
        threads: int | None = None,
        **keywords: Unpack[LoadKeywords],
    ) -> None:
        if on_error not in ("raise", "fill"):
            raise ValueError(
                f"on_error {on_error!r} is none of 'raise', 'fill': a sampler's samples are not skipped"
            )
        # What the data set is: enough to make it again elsewhere.
        self._given: dict[str, Any] = {
            "source": source,
            "fields": fields,
            "seed": seed,
            "hflip": hflip,
            "normalize": normalize,
            "on_error": on_error,
            "threads": threads,
            **keywords,
        }
        import torch

        self._rows = Rows(source, fields, hflip=hflip, normalize=normalize, **keywords)
        self._given["source"] = self._rows.release  # pickles as what it was when it was opened
        self._seed, self._on_error, self._threads = seed, on_error, threads
        # Shared memory, so that workers that live on hear of it.
        self._epoch = torch.zeros(1, dtype=torch.int64).share_memory_()

    @property
    def fingerprint(self) -> str:
        """Of the release and the samples that take part, in hex."""
        return self._rows.core.fingerprint

    @property
    def release(self) -> Release:
        """What the samples are of."""
        return self._rows.release

    def set_epoch(self, epoch: int) -> None:
        """Draw anew; workers that are running hear of it, too."""
        self._epoch[0] = epoch

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, which: int) -> dict[str, Any]:
        return self.__getitems__([which])[0]

    def __getitems__(self, which: Sequence[int]) -> _Samples:
        """Decode several samples in one call; DataLoader asks this way."""
        numbers = [operator.index(number) for number in which]
        length = len(self)
        for number in numbers:
            if not -length <= number < length:
                raise IndexError(f"sample {number} of a data set of {length}")
        epoch = int(self._epoch[0])
        columns = self._rows.core.load(
            [number % length for number in numbers], seed=self._seed, epoch=epoch, threads=self._threads
        )
        images = self._rows.array(columns["pixels"], len(numbers))
        batch, _ = self._rows.batch(columns, images, self._on_error, epoch, as_torch=True)
        return _Samples(batch)

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (self._given, self._epoch)


class _Samples(list[dict[str, Any]]):
    """Samples of one batch, whose images lie one behind the other already."""

    def __init__(self, batch: Batch) -> None:
        columns = (batch.images, batch.valid, batch.keys, batch.meta, batch.samples.tolist())
        names = ("images", "valid", "key", "meta", "index")
        super().__init__(dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
        self.batch = batch


def collate(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """Make a batch of a `ShardDataset`'s samples without copying them once more.

    Returns:
        ``images`` (B, F, …), ``valid`` (B, F), ``index`` (B,), and lists: ``key``, ``meta``.
    """
    import torch
    from torch.utils.data import default_collate

    if isinstance(samples, _Samples):
        images, valid, index = samples.batch.images, samples.batch.valid, samples.batch.samples
        tensors = {"images": images, "valid": valid, "index": torch.from_numpy(index)}
    else:
        tensors = default_collate(
            [{name: one[name] for name in ("images", "valid", "index")} for one in samples]
        )
    return {**tensors, **{name: [one[name] for one in samples] for name in ("key", "meta")}}


class EpochSampler:
    """The order of `Loader` for a DataLoader: split by sample over ranks, and taken up where it was stopped.

    Every rank gets the same number of samples: the last ones are left out (``drop_last``), or the order is filled up
    from its start. For ``StatefulDataLoader`` the state is what was drawn from the sampler, by this rank.

    Args:
        dataset: the data set.
        batch_size: samples a rank takes in a step; ranks take turns by batches, as in `Loader`.
        shuffle: a new order each epoch.
        seed: of the order.
        rank: as in `Loader`.
        world_size: as in `Loader`.
        drop_last: as in `Loader`.
    """

    def __init__(
        self,
        dataset: ShardDataset,
        *,
        batch_size: int = 1,
        shuffle: bool = True,
        seed: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
        drop_last: bool = False,
    ) -> None:
        self._dataset, self._batch_size = dataset, batch_size
        self._shuffle, self._seed, self._drop_last = shuffle, seed, drop_last
        self._rank, self._world_size = _process.rank_and_world(rank, world_size)
        self._epoch, self._drawn = 0, 0

    def set_epoch(self, epoch: int) -> None:
        """Make ``epoch`` the next one, from its start unless a state of it was loaded."""
        if epoch != self._epoch:
            self._epoch, self._drawn = epoch, 0

    def __len__(self) -> int:
        """Samples of this rank in an epoch."""
        everybody = self._world_size * self._batch_size
        steps = len(self._dataset) // everybody if self._drop_last else -(-len(self._dataset) // everybody)
        return steps * self._batch_size

    def __iter__(self) -> Iterator[int]:
        samples = len(self._dataset)
        if self._shuffle:
            order = _core.permutation(self._seed, self._epoch, self._dataset.fingerprint, samples).tolist()
        else:
            order = list(range(samples))
        everybody = self._world_size * self._batch_size
        for number in range(self._drawn, len(self)):
            step, row = divmod(number, self._batch_size)
            self._drawn = number + 1
            yield order[(step * everybody + self._rank * self._batch_size + row) % samples]
        self._epoch, self._drawn = self._epoch + 1, 0

    def state_dict(self) -> dict[str, Any]:
        """Return the epoch and how many samples of it were drawn."""
        return {
            "epoch": self._epoch,
            "drawn": self._drawn,
            "fingerprint": self._dataset.fingerprint,
            "files": self._dataset.release.evidence,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a sampler of the same rank and batch size was; `ShardError` for another release's state."""
        release = self._dataset.release
        if state["fingerprint"] != self._dataset.fingerprint:
            raise ShardError("the data set is not the one of the state", shard=release.root)
        release.catalog.check_same(state["files"])
        self._epoch, self._drawn = state["epoch"], state["drawn"]


def batches(loader: Loader) -> Any:
    """Make an ``IterableDataset`` of a loader, to run it in worker processes: ``DataLoader(…, batch_size=None)``.

    Worker ``w`` of ``n`` takes every ``n``-th batch, and DataLoader takes from them in turn, so that the order is the
    loader's. Without a framework that asks for a DataLoader, iterate the loader itself: its threads need no copies.
    """
    from torch.utils.data import IterableDataset

    # Made here, so that this module can be imported without torch; it pickles as the call that makes it.
    methods = {
        "__iter__": lambda _: iter(loader),
        "__len__": lambda _: len(loader),
        "__reduce__": lambda _: (batches, (loader,)),
    }
    return type("Batches", (IterableDataset,), methods)()


def _remade(given: dict[str, Any], epoch: Any) -> ShardDataset:
    made = ShardDataset(**given)
    made._epoch = epoch  # noqa: SLF001
    return made
