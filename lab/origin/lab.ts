/**
 * Where images come from, on real parts: JFrog's own clients against the double of Artifactory and Xray (so that the double stays honest), real cosign and real
 * registries against `vedette trace` and `vedette check`, and an Artifactory that fails in every way.
 */
import type { Lab, LabRun } from '../lab.ts';
import { checkActs, checkRows } from './check-acts.ts';
import { clientActs, clientRows } from './client-acts.ts';
import { faultActs, faultRows } from './fault-acts.ts';
import { registryActs, registryRows } from './registry-acts.ts';
import { withScene } from './scene.ts';
import { signatureActs, signatureRows } from './signature-acts.ts';

export const origin: Lab = {
  name: 'origin',
  summary: "Where images come from: JFrog's own clients against the double, real cosign, real registries, every fault",
  rows: clientRows + signatureRows + checkRows + registryRows + faultRows,
  parts: {
    double: 'the double finds nothing by AQL: the clients come to other results',
    key: 'another key signs: no signature counts',
    faults: 'the faults are not ordered: Artifactory answers as if nothing were wrong',
  },
  breaks: {
    double: ['Go: set properties', 'JavaScript: AQL'],
    key: ['a signature under its tag', 'a signature as a bundle', 'a signature as a referrer'],
    faults: ['403: unknown, with its own reason; exit code 1', 'half an answer: unknown, with its own reason; exit code 1'],
  },
  async run(lab: LabRun): Promise<void> {
    await withScene(lab, async (scene) => {
      if (lab.sabotage === 'double') scene.double.findsNothing = true;
      for (const act of [clientActs, signatureActs, checkActs, registryActs, faultActs]) {
        scene.signal.throwIfAborted();
        await act(scene);
      }
    });
  },
};
