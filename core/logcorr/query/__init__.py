"""Questions to finished runs: pages of views, filters, what differs, comparisons."""
