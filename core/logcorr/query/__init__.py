"""Questions to finished runs: pages, filters, what differs, comparisons."""
