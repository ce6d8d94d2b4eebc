"""Conformance: the checklist and the test list of the specification digests, by id."""
