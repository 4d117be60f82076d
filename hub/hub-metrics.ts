/** Metrics of intake, commands, assess and store, gathered for /metrics. */
import type { Metric } from './api/metrics.ts';
import type { Advisories } from './assess/advisories.ts';
import type { CanaryWatch } from './assess/canary-watch.ts';
import type { Assessor } from './assess/assessor.ts';
import type { Commands } from './ingest/commands.ts';
import type { IntakeCounters } from './ingest/counters.ts';
import type { Database } from './store/database.ts';
import type { Tracer } from './trace/tracer.ts';

export interface MetricSources {
  readonly counters: IntakeCounters;
  readonly commands: Commands;
  readonly assessor: Assessor;
  readonly database: Database;
  readonly advisories: Advisories;
  readonly tracer: Tracer;
  readonly canaries: CanaryWatch;
}

function one(name: string, help: string, kind: Metric['kind'], value: number): Metric {
  return { name, help, kind, samples: [{ value }] };
}

function labelled(name: string, help: string, label: string, values: ReadonlyMap<string, number>): Metric {
  return { name, help, kind: 'counter', samples: [...values].map(([key, value]) => ({ labels: { [label]: key }, value })) };
}

export function hubMetrics({ counters, commands, assessor, database, advisories, tracer, canaries }: MetricSources): Metric[] {
  return [
    one('vedette_hub_intake_batches_applied_total', 'Batches applied', 'counter', counters.batchesApplied),
    one('vedette_hub_intake_batches_duplicate_total', 'Batches recognised as already applied', 'counter', counters.duplicates),
    one('vedette_hub_intake_batches_rejected_total', 'Batches that could not be used', 'counter', counters.batchesRejected),
    one('vedette_hub_intake_gaps_total', 'Deliveries refused because batches before them were missing', 'counter', counters.gaps),
    labelled('vedette_hub_intake_records_total', 'Records by kind', 'kind', counters.recordsByKind),
    labelled('vedette_hub_intake_records_refused_total', 'Records that could not be used, by reason', 'reason', counters.refusedByReason),
    one('vedette_hub_sensors_connected', 'Sensors that listen for commands now', 'gauge', commands.connected.length),
    one('vedette_hub_commands_sent_total', 'Commands sent to sensors', 'counter', commands.sent),
    one('vedette_hub_assess_passes_total', 'Passes of assessment', 'counter', assessor.passes),
    one('vedette_hub_assess_failures_total', 'Stages of assessment that failed', 'counter', assessor.failures),
    one('vedette_hub_assess_last_pass_seconds', 'Time of the last pass of assessment', 'gauge', assessor.lastPassMs / 1000),
    one('vedette_hub_database_connections', 'Open connections to PostgreSQL', 'gauge', database.total),
    labelled('vedette_hub_database_again_total', 'Transactions that began again because others stood in their way, by SQLSTATE', 'state', database.again),
    one('vedette_hub_database_waiting', 'Callers that wait for a connection', 'gauge', database.waiting),
    one('vedette_hub_origin_asked_total', 'Askings about images', 'counter', tracer.counts.asked),
    one('vedette_hub_origin_unanswered_total', 'Askings about images in which someone did not answer', 'counter', tracer.counts.unanswered),
    one('vedette_hub_origin_asking', 'Images that are asked about now, or wait for their turn', 'gauge', tracer.running),
    one('vedette_hub_canary_sensors', 'Sensors whose canaries are awaited', 'gauge', canaries.sensors),
    { name: 'vedette_hub_canaries_missed', help: 'Sensors of which the canary of a class does not arrive; class all: none of theirs does', kind: 'gauge', samples: missedSamples(canaries.missed) },
    one('vedette_hub_advisories', 'Advisories in the store that is open', 'gauge', advisories.source?.advisories ?? 0),
  ];
}

/** Always a sample, so that an alarm on it is not silent when there is nothing to say. */
function missedSamples(missed: ReadonlyMap<string, number>): Metric['samples'] {
  const samples = [...missed].map(([eventClass, value]) => ({ labels: { class: eventClass === '' ? 'all' : eventClass }, value }));
  return samples.some((one) => one.labels.class === 'all') ? samples : [{ labels: { class: 'all' }, value: 0 }, ...samples];
}
