"""Keeps full collections of Python's garbage collector short. One of them stops the app for as long as it takes.

A started app has some 100,000 objects, which live as long as the app. A full collection that looks at all of them takes
70 to 100 ms, and comes in the middle of scrolling.
"""

import gc


def leave_out_present_objects() -> None:
    """Collects once, and leaves what is there then out of later collections, until this is called again."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
