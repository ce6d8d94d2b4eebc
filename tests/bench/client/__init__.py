"""What a message costs a board: read and carried out, and its credentials without a hashlib."""
