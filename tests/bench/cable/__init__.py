"""How fast files come onto a board: the fast lane against mpremote, mip and ampy."""
