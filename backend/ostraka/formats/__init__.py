"""File formats of others: Pabulib's `.pb`."""
