/** What the HTTP API answers about how complete everything else is: gaps, classes of events, losses, tables, rules and canaries. */
import { z } from 'zod';

const Time = z.iso.datetime({ precision: 3 }).describe('RFC 3339, UTC');
const Count = z.int().min(0);

/** How complete what stands beside it is. */
export const CoverageView = z.object({
  percent: z.number().min(0).max(100).describe('Share of what the hooks can see that is seen now, over all sensors in scope; a node without sensor counts as 0'),
  gaps: z.array(z.object({ what: z.string(), why: z.string(), action: z.string().nullable(), node: z.string().nullable(), at: Time.nullable().describe('When it was last so, where that is known') })),
  unhooked: z.array(z.object({ eventClasses: z.array(z.string()), what: z.string(), sensors: Count })).describe('What attached hooks are known to miss. It lies outside of the percentage: nothing counts it'),
  sensorsConnected: Count,
  sensorsTotal: Count,
  recordsLost: Count.nullable().describe('null: some were, on hosts of which only a part is in scope; how many is told to who sees all of them'),
});
export type CoverageView = z.infer<typeof CoverageView>;

export const CanaryWord = z.enum(['seen', 'missing', 'overdue', 'impossible']);
const LossRow = z.object({ eventClass: z.string(), cause: z.string(), count: Count });
/** Records lost, by whose they were: a container of the node, or a cgroup of the host. */
export const OwnedLossRow = LossRow.extend({ containerId: z.string().nullable(), cgroupPath: z.string().nullable() });
export const TableRow = z.object({
  name: z.string(),
  place: z.string().describe('kernel, sensor or disk'),
  entries: Count.nullable().describe('null: not counted, or bounded by bytes alone'),
  entriesMax: Count.nullable(),
  bytes: Count.nullable(),
  bytesMax: Count,
  dropped: Count.describe('What had to be forgotten or refused because it was full'),
});
export const RuleReachRow = z.object({ rule: z.string(), state: z.string().describe('cannot-fire, in-part, refused or note'), reason: z.string() });
const CanaryRow = z.object({ eventClass: z.string(), state: CanaryWord, reason: z.string().nullable(), since: Time, seenAt: Time.nullable() });
export const CanariesShape = z.object({
  expected: z.boolean().describe('false: it does none, for it has no kernel programs or is older than 0.3'),
  overdue: z.boolean(),
  problem: z.string().nullable(),
  at: Time.nullable(),
  classes: z.array(CanaryRow),
});

/** The coverage page beyond its gaps: every class with its hooks, what each table holds, what each rule cannot do. */
export const CoverageDetailView = z.object({
  classes: z.array(
    z.object({
      eventClass: z.string(),
      hooks: z.array(z.string()),
      misses: z.array(z.string()),
      sensors: Count,
      attached: Count,
      reasons: z.array(z.string()).describe('Why it is not attached where it is not'),
      losses: z.array(z.object({ cause: z.string(), count: Count })),
      canaries: z.partialRecord(CanaryWord, Count).describe('Sensors by how their canary of this class fares'),
      canarySeenAt: Time.nullable(),
    }),
  ),
  owners: z.array(OwnedLossRow.extend({ sensor: z.string(), hostname: z.string(), container: z.string().nullable().describe('Its name') })).describe('Whose records were lost, the largest first'),
  rules: z.array(RuleReachRow.extend({ sensors: Count })),
  tables: z.array(TableRow.extend({ sensor: z.string(), hostname: z.string() })).describe('The fullest of each table over all sensors'),
  pending: z.object({ containers: Count, detections: Count }),
  feeds: z.array(z.object({ ecosystem: z.string(), ageSeconds: z.number(), newest: Time.nullable() })),
  canaries: z.object({ sensors: Count, alarms: Count, oldestAt: Time.nullable() }),
});
export type CoverageDetailView = z.infer<typeof CoverageDetailView>;
