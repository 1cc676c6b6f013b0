"""The watchtower: compares chain and board, disputes false roots, and answers challenges."""
