"""In what order a loader gives its samples: SplitMix64, Fisher and Yates, and arithmetic."""

from collections.abc import Iterator

MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15


def mix(z: int) -> int:
    """SplitMix64's output function (Steele, Lea and Flood, 2014)."""
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def stream(*words: int) -> Iterator[int]:
    """64-bit numbers for a purpose, a seed, an epoch and what they are about."""
    state = 0
    for word in words:
        state = mix((state ^ word) + STEP & MASK)
    while True:
        state = state + STEP & MASK
        yield mix(state)


def permutation(seed: int, epoch: int, fingerprint: bytes, samples: int) -> list[int]:
    """The order of an epoch: Fisher and Yates from the last place down."""
    numbers = stream(0, seed, epoch, int.from_bytes(fingerprint[:8], "little"))
    order = list(range(samples))
    for i in range(samples - 1, 0, -1):
        j = next(numbers) * (i + 1) >> 64
        order[i], order[j] = order[j], order[i]
    return order


def is_mirrored(seed: int, epoch: int, sample: int, probability: float) -> bool:
    """Whether a sample is mirrored: one number of 53 bits."""
    return (next(stream(2, seed, epoch, sample)) >> 11) / (1 << 53) < probability


def batches(
    order: list[int], *, rank: int, world_size: int, batch_size: int, drop_last: bool, start: int = 0
) -> list[list[tuple[int, bool]]]:
    """A rank's batches: the sample's number, and False where it only fills the batch up."""
    everybody = world_size * batch_size
    rest = len(order) - start
    steps = rest // everybody if drop_last else -(-rest // everybody)
    found = []
    for step in range(steps):
        first = start + step * everybody + rank * batch_size
        found.append([(order[p % len(order)], p < len(order)) for p in range(first, first + batch_size)])
    return found
