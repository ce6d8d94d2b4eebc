"""Real boards on a cable: what they are, how they are reached, what is put on them."""
