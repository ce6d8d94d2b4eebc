"""SyncML on the host: WBXML and XML to an element tree, and the tree to a message."""
