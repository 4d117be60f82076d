/**
 * The hub's last word on policies, rules, images that must not run and baselines, kept in the state directory so that a sensor which starts while the hub is
 * away goes on with what it was told.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { BaselineInForce } from '@vedette/model/baseline';
import { policyModes } from '@vedette/model/policy';
import type { Command, ImageVerdict } from '@vedette/model/wire/generated/link_pb';

const HubWords = z.strictObject({
  policies: z.strictObject({ generation: z.number(), texts: z.array(z.strictObject({ name: z.string(), yaml: z.string(), mode: z.enum(policyModes) })) }).nullable(),
  rules: z.strictObject({ generation: z.number(), files: z.array(z.strictObject({ name: z.string(), text: z.string() })) }).nullable(),
  images: z
    .strictObject({
      generation: z.number(),
      verdicts: z.array(
        z.strictObject({
          platformDigest: z.string(), indexDigest: z.string().nullable(), policy: z.string(), rule: z.string(), mode: z.enum(['shadow', 'enforce']), reason: z.string(),
          images: z.array(z.string()), namespaces: z.array(z.string()),
        }),
      ),
    })
    .nullable()
    .default(null),
  baselines: z.strictObject({ generation: z.number(), inForce: z.array(BaselineInForce), leftOut: z.number().default(0) }).nullable().default(null),
});
export type HubWords = z.infer<typeof HubWords>;

const nothing: HubWords = { policies: null, rules: null, images: null, baselines: null };

export class HubWordsFile {
  readonly #path: string;
  #words: HubWords;

  constructor(directory: string) {
    this.#path = join(directory, 'hub-words.json');
    this.#words = read(this.#path);
  }

  get words(): HubWords {
    return this.#words;
  }

  /** What this command says of policies, rules, images or baselines; null when it speaks of something else. */
  take(command: Command): 'policies' | 'rules' | 'images' | 'baselines' | null {
    if (command.kind.case === 'policies') {
      const { generation, policies } = command.kind.value;
      const texts = policies.map((one) => ({ name: one.name, yaml: one.yaml, mode: modeOf(one.mode) }));
      this.#keep({ ...this.#words, policies: { generation: Number(generation), texts } });
      return 'policies';
    }
    if (command.kind.case === 'rules') {
      const { generation, files } = command.kind.value;
      this.#keep({ ...this.#words, rules: { generation: Number(generation), files: files.map(({ name, text }) => ({ name, text })) } });
      return 'rules';
    }
    if (command.kind.case === 'imageVerdicts') {
      const { generation, verdicts } = command.kind.value;
      this.#keep({ ...this.#words, images: { generation: Number(generation), verdicts: verdicts.flatMap(verdictOf) } });
      return 'images';
    }
    if (command.kind.case === 'baselines') {
      const { generation, baselinesJson, leftOut } = command.kind.value;
      const inForce = baselinesJson.flatMap(baselineOf);
      this.#keep({ ...this.#words, baselines: { generation: Number(generation), inForce, leftOut: leftOut + baselinesJson.length - inForce.length } });
      return 'baselines';
    }
    return null;
  }

  #keep(words: HubWords): void {
    this.#words = words;
    try {
      writeFileSync(`${this.#path}.new`, JSON.stringify(words), { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
    } catch {
      // a full disk: the words hold for this process, and the hub says them again to the next
    }
  }
}

type Images = NonNullable<HubWords['images']>;

/** Only what may stop something: an action that this sensor does not know must not, and what only informs is the hub's to tell. */
function verdictOf(verdict: ImageVerdict): Images['verdicts'] {
  if (verdict.action !== 'kill' || verdict.platformDigest === '') return [];
  const { platformDigest, indexDigest, policy, rule, reason, imagePatterns, namespacePatterns } = verdict;
  return [{ platformDigest, indexDigest: indexDigest === '' ? null : indexDigest, policy, rule, mode: verdict.mode === 'enforce' ? 'enforce' : 'shadow', reason, images: imagePatterns, namespaces: namespacePatterns }];
}

/** One that a newer hub wrote in a form that is not understood here watches nothing. */
function baselineOf(json: string): BaselineInForce[] {
  try {
    const parsed = BaselineInForce.safeParse(JSON.parse(json));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}

/** A mode that this sensor does not know must not enforce. */
function modeOf(text: string): (typeof policyModes)[number] {
  return policyModes.find((one) => one === text) ?? 'off';
}

function read(path: string): HubWords {
  try {
    const parsed = HubWords.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return parsed.success ? parsed.data : nothing;
  } catch {
    return nothing;
  }
}
