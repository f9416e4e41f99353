"""Synthetic faces, published databases and flow-map archives as training and test data."""
