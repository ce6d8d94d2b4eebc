"""What an installation, an update and a check cost: bytes, flash operations, heap."""
