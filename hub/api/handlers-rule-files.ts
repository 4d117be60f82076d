/**
 * Rule files of people, such as exceptions that were proposed: checked together with all other files as a sensor would
 * load them, then given to every sensor. A file with an error is refused, and so is one that breaks another.
 */
import type { RuleFileView } from '@vedette/model/api/noise';
import { Problem } from '@vedette/model/problem';
import { readItems } from '@vedette/rules/load/read-items';
import type { RuleProblem } from '@vedette/rules/problems';
import { loadRules } from '@vedette/rules/ruleset';
import { addAudit } from '../store/access.ts';
import { deleteOwnRuleFile, lockRuleFiles, ownRuleFile, ownRuleFiles, putOwnRuleFile, shippedRuleFiles, type OwnRuleFile } from '../store/rule-files.ts';
import type { Db } from '../store/database.ts';
import { requireWholeHub } from './caller.ts';
import type { Doors, Handlers } from './doors.ts';

const filesMax = 500;
const placesMax = 20;

/** As sensors are told their names, so that none is taken for a shipped one. */
const placed = (name: string): string => `own/${name}`;

async function problemsOf(db: Db, own: readonly { readonly name: string; readonly content: string }[]): Promise<readonly RuleProblem[]> {
  const shipped = await shippedRuleFiles(db);
  return loadRules([...shipped.map((one) => ({ name: one.name, text: one.content })), ...own.map((one) => ({ name: placed(one.name), text: one.content }))]).problems;
}

export function ruleFileHandlers(doors: Doors): Handlers<'listRuleFiles' | 'putRuleFile' | 'deleteRuleFile'> {
  const { database, now } = doors;
  const announce = (): void => {
    doors.fleet.rulesChanged();
    doors.changed(['rules'], null);
  };
  return {
    async listRuleFiles() {
      const files = await ownRuleFiles(database);
      const problems = files.length === 0 ? [] : await problemsOf(database, files);
      return { items: files.map((one) => fileView(one, problems)) };
    },
    async putRuleFile({ caller, params, body }) {
      requireWholeHub(caller);
      const file = { name: params.name, content: body.yaml.replaceAll('\0', '') };
      const problems = await database.transaction(async (db) => {
        await lockRuleFiles(db);
        const own = await ownRuleFiles(db);
        const held = own.find((one) => one.name === file.name);
        if (held === undefined && own.length >= filesMax) throw new Problem('rules-invalid', `There are ${filesMax} rule files already.`);
        const [before, after] = [await problemsOf(db, own), await problemsOf(db, held === undefined ? [...own, file] : own.map((one) => (one.name === file.name ? file : one)))];
        refuseErrors(file, before, after);
        await putOwnRuleFile(db, file, caller.name, now());
        await addAudit(db, { actor: caller.name, action: 'rules.put', object: `rule-file:${file.name}`, change: `rule file ${file.name} ${held === undefined ? 'added' : 'written anew'}`, clusterId: null, detail: { before: held?.content ?? null, after: file.content } }, now());
        return after;
      });
      announce();
      const row = await ownRuleFile(database, file.name);
      if (row === undefined) throw new Problem('conflict');
      return fileView(row, problems);
    },
    async deleteRuleFile({ caller, params }) {
      requireWholeHub(caller);
      await database.transaction(async (db) => {
        await lockRuleFiles(db);
        const own = await ownRuleFiles(db);
        const held = own.find((one) => one.name === params.name);
        if (held === undefined) throw new Problem('not-found');
        refuseErrors(null, await problemsOf(db, own), await problemsOf(db, own.filter((one) => one.name !== params.name)));
        await deleteOwnRuleFile(db, params.name);
        await addAudit(db, { actor: caller.name, action: 'rules.delete', object: `rule-file:${params.name}`, change: `rule file ${params.name} removed`, clusterId: null, detail: { before: held.content } }, now());
      });
      announce();
      return null;
    },
  };
}

const sentenceOf = (one: RuleProblem): string => `${one.rule === null ? '' : `rule ${one.rule}: `}${one.message}`;

function refuseErrors(file: { readonly name: string } | null, before: readonly RuleProblem[], after: readonly RuleProblem[]): void {
  const errors = after.filter((one) => one.severity === 'error');
  const own = file === null ? [] : errors.filter((one) => one.place.file === placed(file.name));
  if (own[0] !== undefined) throw new Problem('rules-invalid', `Line ${own[0].place.line}: ${sentenceOf(own[0])}.`, own.slice(0, placesMax).map((one) => ({ line: one.place.line, column: one.place.column, message: sentenceOf(one), advice: 'vedette rules check says more about it.' })));
  const known = new Set(before.map((one) => `${one.place.file} ${sentenceOf(one)}`));
  const broken = errors.find((one) => !known.has(`${one.place.file} ${sentenceOf(one)}`));
  if (broken !== undefined) throw new Problem('rules-invalid', `${file === null ? 'Without it' : 'With it'} ${broken.place.file} has an error: ${sentenceOf(broken)}.`);
}

function fileView(file: OwnRuleFile, problems: readonly RuleProblem[]): RuleFileView {
  const name = placed(file.name);
  const rules = readItems({ name, text: file.content }).items.flatMap((one) => (one.kind === 'rule' || one.kind === 'rule-change' || one.kind === 'rule-switch' ? [one.name] : []));
  return { name: file.name, yaml: file.content, rules: [...new Set(rules)], updatedAt: file.updated_at.toISOString(), updatedBy: file.updated_by, warnings: problems.filter((one) => one.place.file === name).map(sentenceOf).slice(0, placesMax) };
}
