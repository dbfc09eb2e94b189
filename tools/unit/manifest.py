"""The product frozen into MicroPython: for MicroPython's own build, which gives these functions.

    make -C ports/rp2 BOARD=RPI_PICO FROZEN_MANIFEST=WAISTBAND/tools/manifest.py

Frozen code runs from flash and takes no heap. `boot.py` and `main.py` are frozen too, and come
before files of these names. Nothing lies in the filesystem but what is the unit's own.
"""

freeze("$(PORT_DIR)/modules")  # the filesystem, and the module rp2
module("boot.py", base_path="../..")
module("main.py", base_path="../..")
package("firmware", base_path="../..")
package("hal", base_path="../..")
