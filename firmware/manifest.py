# Freezes the agent into a firmware image: make ... FROZEN_MANIFEST=path/to/this/manifest.py
# boot.py and main.py stay files on the board, where their owner can change them.
metadata(version="0.1.0", description="Device agent for OMA DM 1.2 and SCOMO")  # noqa: F821
package("uscomo", opt=3)  # noqa: F821
module("uscomo_boot.py", base_path="root", opt=3)  # noqa: F821
