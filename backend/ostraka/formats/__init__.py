"""Other projects' file formats: Pabulib and PrefLib elections, and exports of results."""
