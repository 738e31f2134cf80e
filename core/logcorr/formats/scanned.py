"""The lines of a text as a frame (LINE_SCHEMA), for formats that look at whole lines.

`scan_lines` is marked unstable in polars: it is named here and nowhere else.
"""
