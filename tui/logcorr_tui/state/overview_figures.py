"""The figures of the overview: from the report of a finished run, or from the estimates of a run in progress."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.report import Heatmap, HistogramBin, TimelinePoint
from logcorr.model.status import failures, server_errors
from logcorr_tui.state.session import Session


@dataclass(frozen=True)
class Figures:
    """Counts, and milliseconds. `share` is the share of ids that estimates rest on; None for exact figures.

    Counts of estimates are scaled to all ids; `requests` is None while it is not known. `matched` counts the
    exchanges. An access log has no orphans.
    """

    share: float | None
    requests: int | None
    matched: int
    orphans: int
    request_orphans: int | None
    p50: float | None
    p95: float | None
    p99: float | None
    slowest: float | None
    status: dict[str, int]
    histogram: list[HistogramBin]
    report: RunReport | None = None
    heatmap: Heatmap | None = None
    points: list[TimelinePoint] = field(default_factory=list)
    bucket_s: float = 1.0

    @property
    def server_errors(self) -> int:
        return server_errors(self.status)

    @property
    def failures(self) -> int:
        """The rows of the errors view: status 400 and over, or under 100, or no status."""
        return failures(self.status)

    def why_no_latency(self) -> str:
        """Why there is no latency to draw, and which key shows more."""
        if self.matched and isinstance(self.report, AccessReport):
            return "every duration is below zero · 9" if self.report.latency.negative else "the log tells no durations"
        if self.matched:
            return "every response is before its request · 8"
        if self.report is None:
            return "nothing paired so far"
        if self.narrowed:
            return self.why_nothing_left("exchange")
        if isinstance(self.report, AccessReport):
            return "no line could be read · 5 tells why" if self.report.inputs.access.malformed else "the log is empty"
        asked, answered = self.report.inputs.requests, self.report.inputs.responses
        if not asked.orphans and not answered.orphans:
            bad = self.report.inputs.lines.all_malformed
            return "no line could be read · 5 tells why" if bad else "both logs are empty"
        if not answered.orphans or not asked.orphans:
            return f"no {'request' if answered.orphans else 'response'} at all · 4 shows the others"
        return "no id is in both logs · 4 shows them"

    def why_no_timeline(self) -> str:
        """Why there is no timeline to draw."""
        if self.report is not None and self.report.timeline.reason:
            return f"there is no timeline: {self.report.timeline.reason}"
        return self.why_nothing_left("entry") if self.narrowed else "no request and no response carries a time"

    def why_nothing_left(self, noun: str) -> str:
        """That the options of a narrowed run leave nothing of a kind."""
        return f"no {noun} is left by " + " and ".join(f"--{name}" for name in self.narrowed)

    @property
    def narrowed(self) -> dict[str, str]:
        """The options that narrow the run to a part of its logs, with their values."""
        options = self.report.run.options if self.report is not None else {}
        return {name: str(options[name]) for name in ("since", "until", "where") if name in options}

    def note(self) -> str:
        """That the figures are estimates, and on what share of ids. Empty for exact figures."""
        if self.share is None:
            return ""
        share = 100 * self.share
        if share >= 99.5:
            return "estimate · nearly all ids"
        return f"estimate · {share:.0f} % of ids" if share >= 1 else "estimate · <1 % of ids"


def running(session: Session) -> bool:
    """Whether a run is in progress, and no finished run is open."""
    return session.run is None and (session.estimate is not None or session.progress is not None)


def figures(session: Session) -> Figures | None:
    """The figures of the session: estimates while a run is in progress, else figures of the report."""
    estimate, report = session.estimate, session.report
    if session.run is None and estimate is not None:
        scale = 1 / estimate.share if estimate.share > 0 else 1.0
        return Figures(
            share=estimate.share,
            requests=None,
            matched=round(estimate.matched * scale),
            orphans=round(estimate.orphans * scale),
            request_orphans=None,
            p50=estimate.p50_ms,
            p95=estimate.p95_ms,
            p99=estimate.p99_ms,
            slowest=None,
            status={code: round(n * scale) for code, n in estimate.status.items()},
            histogram=[
                HistogramBin(from_ms=b.from_ms, to_ms=b.to_ms, count=round(b.count * scale)) for b in estimate.histogram
            ],
            heatmap=Heatmap(
                edges_ms=estimate.heatmap.edges_ms,
                cells=[(point, band, round(n * scale)) for point, band, n in estimate.heatmap.cells],
            ),
            points=[_scaled(point, scale) for point in estimate.timeline.points],
            bucket_s=estimate.timeline.bucket_s,
        )
    if report is None:
        return None
    requests, matched, orphans, lost = _counts(report)
    latency = report.latency
    return Figures(
        share=None,
        requests=requests,
        matched=matched,
        orphans=orphans,
        request_orphans=lost,
        p50=latency.p50_ms,
        p95=latency.p95_ms,
        p99=latency.p99_ms,
        slowest=latency.max_ms,
        status=report.status,
        histogram=report.histogram,
        report=report,
        heatmap=report.heatmap,
        points=report.timeline.points,
        bucket_s=report.timeline.bucket_s,
    )


def _counts(report: RunReport) -> tuple[int, int, int, int | None]:
    """Requests, exchanges, orphans of both sides, requests without a response (None for an access log)."""
    if isinstance(report, AccessReport):
        return report.total_requests, report.total_requests, 0, None
    return report.requests, report.matched, report.all_orphans, report.request_orphans


def _scaled(point: TimelinePoint, scale: float) -> TimelinePoint:
    """A point with its counts scaled to all ids."""
    names = ("requests", "responses", "errors_4xx", "errors_5xx", "orphans")
    return replace(point, **{name: round(getattr(point, name) * scale) for name in names})
