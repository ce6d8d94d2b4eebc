"""The host's codec against libwbxml, and the sizes of what a device sends."""
