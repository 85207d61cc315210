"""What the library says of RegHead, held to itself."""

import turboshard as ts
from turboshard import reghead

from . import releases


def test_every_field_has_a_meaning_and_its_place_in_the_chain() -> None:
    assert reghead.EXPRESSIONS == releases.EXPRESSIONS
    assert tuple(reghead.MEANINGS) == tuple(reghead.DERIVED_FROM) == reghead.FIELDS
    assert len(set(reghead.MEANINGS.values())) == 10
    depths = {}
    for field in reghead.FIELDS:
        chain = [field]
        while (source := reghead.DERIVED_FROM[chain[-1]]) is not None:
            assert source not in chain
            chain.append(source)
        assert chain[-1] == "open_m_open_e.jpg"
        depths[field] = len(chain) - 1
    assert sorted(depths.values()) == [0, 1, 1, *[2] * 7]


def test_facts_say_what_an_identity_is() -> None:
    told = ts.reghead.facts("id7_Tuna_Computer_Animated_Film-Style_3D_big_eyes_a_halo_a_new_thing")
    assert told == {
        "number": 7,
        "animal": "Tuna",
        "style": "Computer_Animated_Film_3D",
        "feature": "big_eyes",
        "accessories": ["a_halo", "a_new_thing"],
    }
    assert ts.reghead.facts("nobody") is None
