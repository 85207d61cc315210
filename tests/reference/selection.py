"""What each way of choosing a part of a release means."""

import hashlib
from collections.abc import Iterable, Sequence


def chosen_fields(fields: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """`--select`: `frown` means `frown.jpg`, `!json` leaves JSON out; else all stay, in their order."""

    def named(field: str, pattern: str) -> bool:
        return field == pattern or field.rsplit(".", 1)[0] == pattern

    wanted = [p for p in patterns if not p.startswith("!")]
    unwanted = [p[1:] for p in patterns if p.startswith("!")]
    kept = [f for f in fields if not wanted or f == "json" or any(named(f, p) for p in wanted)]
    return [f for f in kept if not any(named(f, p) for p in unwanted)]


def chosen_keys(keys: Sequence[str], text: str) -> list[str]:
    """`--keys`: one key a line; the source's order stays."""
    listed = {line.strip() for line in text.splitlines() if line.strip()}
    return [key for key in keys if key in listed]


def first(keys: Sequence[str], count: int) -> list[str]:
    """`--first`: the strict prefix."""
    return list(keys[:count])


def split_of(identity: str, shares: Iterable[tuple[str, float]]) -> str:
    """`--split`: the identity's SHA-256 as a fraction of the shares, against their running sum."""
    shares = list(shares)
    whole = sum(share for _, share in shares)
    point = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:8], "big") / 2**64 * whole
    total, name = 0.0, ""
    for name, share in shares:
        total += share
        if point < total:
            return name
    return name
