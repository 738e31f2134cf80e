"""Figures: counts, sums and percentiles of exchanges and orphans, and the reports that are made of them."""
