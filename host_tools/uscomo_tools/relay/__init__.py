"""Boards without a network of their own: their HTTP, over their cables, to servers allowed."""
