/** What the sensor is started with: one object, checked once. */
import { z } from 'zod';
import { scannerProgram } from './enrich/inventory/runner.ts';
import { usualPlaces } from './enrich/runtime/identify.ts';

export const SensorConfig = z.strictObject({
  stateDirectory: z.string().min(1).describe('Spools, state log, credentials, inventories'),
  joinTokenFile: z.string().optional().describe('A file with a one-time token; read until the sensor has joined'),
  cluster: z
    .strictObject({
      tokenFile: z.string().min(1).describe('A projected service-account token, for the audience of the cluster part'),
      trustDirectory: z.string().min(1).describe('Written by the cluster part: authorities.pem, server-name, relay-url'),
      nodeName: z.string().default('').describe('As the API server calls this node; for people, never believed'),
    })
    .optional()
    .describe('In a cluster: joins through its cluster part, without a join token'),
  containerdSockets: z.array(z.string()).default([...usualPlaces.containerdSockets]),
  podmanStorages: z.array(z.string()).default([...usualPlaces.podmanStorages]),
  runcStates: z.array(z.string()).default([...usualPlaces.runcStates]),
  crioSocket: z.string().default(usualPlaces.crioSocket),
  commitMs: z.int().min(20).max(10_000).default(250),
  canaryMs: z.int().min(500).max(3_600_000).default(180_000).describe('Every so often a harmless act of each class is done, and missed aloud when it does not come back'),
  spoolBytesMax: z.strictObject({ detection: z.int().min(1 << 20), telemetry: z.int().min(1 << 20) }).optional(),
  rulesDirectory: z.string().optional().describe('Rules for as long as the hub has sent none'),
  scannerProgram: z.string().default(scannerProgram).describe('The program that reads the packages of a container'),
  scopeCgroup: z.string().optional().describe('The cgroup that the loader was limited to, as a person named it'),
  blindReason: z.string().optional().describe('Why there is no loader; the sensor then only lists processes'),
});
export type SensorConfig = z.output<typeof SensorConfig>;

export function readSensorConfig(text: string): SensorConfig {
  const parsed = SensorConfig.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new Error(`the sensor cannot be started as configured: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`);
}
