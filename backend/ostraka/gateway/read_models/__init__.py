"""The gateway's answers, read from chain, index and plans."""
