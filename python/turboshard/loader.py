"""Train straight from shards: batches in a seeded order, decoded ahead by threads of the loader's own."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from turboshard import _process
from turboshard.errors import ShardError
from turboshard.reshard import parse_bytes
from turboshard.rows import Picks, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self, Unpack

    from turboshard import _core
    from turboshard._typing import Constants, Deal, LoadKeywords, OnError, Source
    from turboshard.batch import Batch
    from turboshard.release import Release

STATE_VERSION = 2


class Loader:
    """Batches of whole samples, epoch after epoch.

    Each ``for`` over it is the next epoch, a new order of all samples that ``seed``, the epoch's number and the
    release decide and nothing else: ranks, workers and threads only share the work. ``docs/loading.md`` has the
    algorithm. It may be iterated in a torch worker, where each takes every so many-th batch.

    Args:
        source: a release or a part of one, shards, or a list of them.
        fields: the images of a row, ``["frown.jpg"]``, or `reghead.pairs`; None for every ``.jpg``.
        batch_size: samples a rank takes in a step.
        shuffle: a new order each epoch; else the order of the shards.
        seed: of the order and of all that is drawn.
        rank: this process's number; None for torch.distributed's if that is initialised, else ``RANK`` and
            ``WORLD_SIZE``, else the only one.
        world_size: the number of processes.
        drop_last: leave out the last samples of an epoch if they do not fill a batch for every rank; else fill it
            up from the start of the order with rows that are not ``valid``. Every rank has the same steps.
        threads: threads that decode; None for all CPUs this process may use, but 1 in a torch worker. With 1 none is
            made, and a batch is decoded when it is asked for.
        prefetch: batches that are ready or in the making, beside the one that is in use.
        prefetch_bytes: how much memory these may take, ``"1GiB"``; one batch is always made.
        hflip: how likely a sample is mirrored, all its images alike.
        normalize: (means, deviations), one a channel: float32 ``(value / 255 - mean) / deviation``.
        on_error: what to do about an image that is broken or missing. ``"raise"``; ``"skip"`` the sample, which
            shortens the batch and moves no other; ``"fill"`` with zeros that are not ``valid``; or a function that
            is given the error and says whether to skip.
        out: buffers of the shape and type of ``images`` to fill in turn, one or several, pinned ones for instance.
            Each is written to again once the batch after its own was asked for.
        as_torch: tensors instead of arrays.
        **keywords: as in `decode`. Without ``size`` all images must be equally large. ``crop`` may also be
            ``"random_resized"``: a part of 8 to 100 % of the area, 3:4 to 4:3, drawn for each sample in each epoch
            and the same for all its images.

    Attributes:
        errors: every error that was skipped or filled, in order.
        sampler: has ``set_epoch``, where Lightning looks for it.

    Raises:
        ShardError: a shard is unsound, or changed since it was opened.
        ValueError: arguments that make no sense.
    """

    def __init__(
        self,
        source: Source | Release,
        fields: Sequence[str] | Picks | None = None,
        *,
        batch_size: int = 1,
        shuffle: bool = False,
        seed: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
        drop_last: bool = True,
        threads: int | None = None,
        prefetch: int = 4,
        prefetch_bytes: int | str = "1GiB",
        hflip: float = 0.0,
        normalize: Constants | None = None,
        on_error: OnError = "raise",
        out: Any = None,
        as_torch: bool = False,
        **keywords: Unpack[LoadKeywords],
    ) -> None:
        if batch_size < 1 or prefetch < 1 or not 0 <= seed < 1 << 64:
            raise ValueError("batch_size and prefetch are numbers from 1, seed one from 0 below 2**64")
        if on_error not in ("raise", "skip", "fill") and not callable(on_error):
            raise ValueError(f"on_error {on_error!r} is none of 'raise', 'skip', 'fill', nor a function")
        _process.rank_and_world(rank, world_size)
        self._given = {**locals(), **keywords}
        for name in ("self", "keywords"):
            del self._given[name]
        self._rows = Rows(source, fields, hflip=hflip, normalize=normalize, **keywords)
        self._given["source"] = self._rows.release  # pickles as what it was when it was opened
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.errors: list[Exception] = []
        self.sampler = _EpochSetter(self)
        self._shuffle, self._seed = shuffle, seed
        self._rank, self._world_size = rank, world_size
        self._threads, self._prefetch, self._prefetch_bytes = threads, prefetch, parse_bytes(prefetch_bytes)
        self._on_error, self._as_torch = on_error, as_torch
        self._out = self._ring(out)
        # What the next `for` begins with, and the one that runs.
        self._epoch, self._start = 0, 0
        self._running: _Pass | None = None
        self._latest: _Pass | None = None

    def __len__(self) -> int:
        """Batches of a whole epoch for this rank, the same for every rank."""
        return self._rows.core.steps(self._deal(0, 0, (0, 1)))

    def __iter__(self) -> Iterator[Batch]:
        # A generator begins with its first `next`: whoever sets the epoch between is heard.
        deal = self._deal(self._epoch, self._start, _process.worker_and_workers())
        running = _Pass(deal, self._begin(deal))
        self._running = self._latest = running
        self._epoch, self._start = deal["epoch"] + 1, 0
        try:
            while (columns := running.core.next()) is not None:
                found = columns["pixels"]
                images = self._out[found][1] if self._out else self._rows.array(found, self.batch_size)
                batch, overcome = self._rows.batch(
                    columns, images, self._on_error, deal["epoch"], as_torch=self._as_torch
                )
                self.errors += overcome
                running.delivered = columns["delivered"]
                running.skipped += len(overcome)
                yield batch
            if self._running is running:
                self._running = None
        finally:
            running.core.close()

    def set_epoch(self, epoch: int) -> None:
        """Make ``epoch`` the next one; where a state was loaded for that epoch, it goes on in the middle."""
        if epoch != self._epoch:
            self._epoch, self._start = epoch, 0

    def state_dict(self) -> dict[str, Any]:
        """Return how far all ranks are: batches that were taken, not those that are ready. JSON, below 1 KB."""
        running = self._running
        epoch, delivered = (
            (self._epoch, self._start) if running is None else (running.deal["epoch"], running.delivered)
        )
        deal = self._deal(epoch, 0, (0, 1))
        return {
            "version": STATE_VERSION,
            "fingerprint": self._rows.core.fingerprint,
            "files": self._rows.release.evidence,
            "samples": len(self._rows),
            "seed": self._seed,
            "shuffle": self._shuffle,
            "epoch": epoch,
            "delivered": delivered,
            "global_batch": deal["world_size"] * deal["batch_size"],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another loader was: with any number of ranks, threads and any batch size.

        Raises:
            ShardError: the release is not the one the state is of, or a shard was written to since.
            ValueError: another seed, or a state of another version.

        Warns:
            UserWarning: the global batch is another, so the batches from here on are cut elsewhere.
        """
        own = self.state_dict()
        if state.get("version") != STATE_VERSION:
            raise ValueError(f"a state of version {state.get('version')}, not {STATE_VERSION}")
        if state["fingerprint"] != own["fingerprint"]:
            raise ShardError(
                f"the release is not the one of the state: {own['samples']} samples with fingerprint "
                f"{own['fingerprint'][:16]}, not {state['samples']} with {state['fingerprint'][:16]}",
                shard=self._rows.release.root,
            )
        self._rows.release.catalog.check_same(state["files"])
        for name in ("seed", "shuffle"):
            if state[name] != own[name]:
                raise ValueError(f"the state was made with {name}={state[name]}, not {own[name]}")
        epoch, delivered = int(state["epoch"]), int(state["delivered"])
        if epoch < 0 or not 0 <= delivered <= own["samples"]:
            raise ValueError(f"a state of epoch {epoch} and {delivered} samples makes no sense")
        if delivered and state["global_batch"] != own["global_batch"]:
            words = f"the global batch was {state['global_batch']} samples and is {own['global_batch']} now"
            warnings.warn(words, stacklevel=2)
        self.close()
        self._epoch, self._start = epoch, delivered

    def stats(self) -> dict[str, Any]:
        """Return what the running epoch, or the latest one, did so far.

        ``batches`` taken, ``images`` decoded and ``bytes_read``, both with what is ready, seconds ``waited`` for
        batches, batches ``ready``, images ``skipped``, and ``delivered``, the samples that all ranks took.
        """
        running = self._latest
        if running is None:
            return dict.fromkeys(
                ("batches", "images", "bytes_read", "waited", "ready", "skipped", "delivered"), 0
            )
        return {**running.core.stats(), "skipped": running.skipped, "delivered": running.delivered}

    def close(self) -> None:
        """End the running epoch and its threads. The loader can be iterated again; batches stay what they are."""
        if self._running is not None:
            self._running.core.close()
            self._running = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, deal: Deal) -> _core.Iteration:
        return self._rows.core.begin(
            deal,
            out=[flat for flat, _ in self._out] or None,
            threads=self._threads,
            prefetch=self._prefetch,
            prefetch_bytes=self._prefetch_bytes,
        )

    def _deal(self, epoch: int, start: int, worker: tuple[int, int]) -> Deal:
        rank, world_size = _process.rank_and_world(self._rank, self._world_size)
        return {
            "seed": self._seed,
            "epoch": epoch,
            "shuffle": self._shuffle,
            "start": start,
            "rank": rank,
            "world_size": world_size,
            "batch_size": self.batch_size,
            "drop_last": self.drop_last,
            "worker": worker[0],
            "workers": worker[1],
        }

    def _ring(self, out: Any) -> list[tuple[Any, Any]]:
        """Return the caller's buffers, each as bytes and as images."""
        import numpy as np

        if out is None:
            return []
        shape, dtype = (self.batch_size, *self._rows.shape), np.dtype("f4" if self._rows.floats else "u1")
        ring = []
        for one in out if isinstance(out, list | tuple) else [out]:
            array = one.numpy() if hasattr(one, "numpy") else np.asarray(one)
            if (
                array.shape != shape
                or array.dtype != dtype
                or not array.flags.c_contiguous
                or not array.flags.writeable
            ):
                raise ValueError(
                    f"out must be writable C-contiguous {dtype} buffers of shape {shape}, not {array.dtype} "
                    f"of {array.shape}"
                )
            ring.append((array.reshape(-1).view("u1"), array))
        return ring

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (self._given, self._epoch, self._start)

    def __repr__(self) -> str:
        return f"turboshard.Loader({self._rows.release!r}, batch_size={self.batch_size})"


class _Pass:
    """One pass over an epoch."""

    def __init__(self, deal: Deal, core: _core.Iteration) -> None:
        self.deal, self.core = deal, core
        self.delivered, self.skipped = deal["start"], 0


class _EpochSetter:
    """What frameworks take for a sampler: it sets the loader's epoch."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def set_epoch(self, epoch: int) -> None:
        """Make ``epoch`` the next one."""
        self._loader.set_epoch(epoch)


def _remade(given: dict[str, Any], epoch: int, start: int) -> Loader:
    loader = Loader(**given)
    loader._epoch, loader._start = epoch, start  # noqa: SLF001
    return loader
