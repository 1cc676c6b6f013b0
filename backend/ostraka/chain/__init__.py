"""Adapters to an EVM chain, by web3.py."""
