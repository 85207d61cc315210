"""The oracle: what turboshard must compute, in plain, slow, short Python.

It imports the standard library, NumPy and Pillow, never turboshard, and shares no constant with it: a mistake
made there cannot be repeated here by import. `tests/test_reference.py` holds it to second opinions.
"""
