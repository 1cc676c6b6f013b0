"""Adapters to an EVM chain, based on web3.py."""
