"""Metrics as the parsers of Prometheus' client for Python read them: that of OpenMetrics, and that of the older form."""

from prometheus_client import parser
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser


def openmetrics_families(text: str) -> list[Metric]:
    """The metrics of a text in the OpenMetrics form. Raises ValueError for any other text."""
    return list(openmetrics_parser.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


def text_families(text: str) -> list[Metric]:
    """The metrics of a text in the older form of Prometheus. Raises ValueError for any other text."""
    return list(parser.text_string_to_metric_families(text))
