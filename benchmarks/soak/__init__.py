"""Programmes too long for every day, each a module that resumes where it stopped."""
