"""A period's report on its way to people: made, looked at (stale? incomplete?), queued once for each address, sent."""

import dagster as dg

from clarity_assets.defs.partitions import monthly, weekly
from clarity_assets.defs.resources import ClaritySettings


def report_delivery(every: str, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The asset of one kind of period: `weekly` or `monthly`."""

    @dg.asset(
        key=["delivery", f"{every}_report"],
        deps=[["reports", f"{every}_{kind}"] for kind in ("summary", "ux", "product")],
        description=f"The {every} summary by mail or message to CLARITY_REPORT_TO, with the PDFs: once each, whatever "
        "is run again. Stale or incomplete reports are marked or held, as CLARITY_REPORT_IF_INCOMPLETE says.",
        group_name="delivery",
        partitions_def=partitions,
        kinds={"email"},
        owners=["team:analytics"],
        tags={"layer": "delivery"},
        code_version="1",
    )
    def deliver(context: dg.AssetExecutionContext, clarity: ClaritySettings) -> dg.MaterializeResult:
        from clarity_assets.delivery.outbox import send_due
        from clarity_assets.delivery.reports import queue_report
        from clarity_assets.reports.period import Period

        first = context.partition_time_window.start.date()
        period = Period.week(first) if every == "weekly" else Period.month(first)
        queued = queue_report(clarity.settings, period)
        sent = send_due(clarity.settings)
        return dg.MaterializeResult(
            metadata={
                "subject": queued.subject,
                "queued_for": queued.queued,
                "held_because": queued.held_because or "it is not held",
                "messages_sent": sent.sent,
                "not_sent": "; ".join(sent.errors) or "none",
            }
        )

    return deliver


@dg.definitions
def delivery() -> dg.Definitions:
    return dg.Definitions(assets=[report_delivery("weekly", weekly), report_delivery("monthly", monthly)])
