"""Thousands of sessions over a bad line: what grows."""
