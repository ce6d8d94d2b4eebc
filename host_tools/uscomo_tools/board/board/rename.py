# Renames OLD to NEW, over what is there.
import os

os.rename(OLD, NEW)
