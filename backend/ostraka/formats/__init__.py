"""File formats of others: Pabulib, PrefLib; accounts in CSV; results on their way out."""
