"""Freezes the product into MicroPython. Read by MicroPython's own build, which gives the functions.

    make -C ports/rp2 BOARD=RPI_PICO FROZEN_MANIFEST=WAISTBAND/tools/unit/manifest.py

Frozen code runs from flash and takes no heap. `boot.py` and `main.py` are frozen too, and go
before files of these names. The filesystem holds only the unit's own files.
"""

freeze("$(PORT_DIR)/modules")  # the filesystem, and the module rp2
module("boot.py", base_path="../..")
module("main.py", base_path="../..")
package("firmware", base_path="../..")
package("hal", base_path="../..")
