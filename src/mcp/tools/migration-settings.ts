import { z } from 'zod';
import { requireLists } from '../../cluster/require-lists.ts';
import { needsOf } from '../../cluster/rights.ts';
import { FerryError } from '../../model/errors.ts';
import { plain } from '../../model/plain.ts';
import type { Advice } from '../../settings/advise.ts';
import { goals } from '../../settings/goal.ts';
import { longDuration } from '../../settings/text.ts';
import { ANSWER, fit, pageOf } from '../budget.ts';
import { readSettingsFor, vmNamed } from '../reading.ts';
import { type finding, findingOf, objectName, pageInfo, pageText, paging } from '../schemas.ts';
import { settingsAdvice } from '../settings-advice.ts';
import { type Answer, type ToolContext, tool } from '../tool.ts';

/** The fields to look for; there are more, which every answer explains in its text. */
const output = z.object({
  settings: z.array(z.looseObject({ name: z.string(), value: z.unknown(), source: z.string() })).optional(),
  vm: z.looseObject({ policy: z.string().nullable() }).optional(),
  advice: z.looseObject({ recommendations: z.array(z.unknown()) }).optional(),
  vms: z.array(z.unknown()).optional(),
  history: z.array(z.unknown()).optional(),
  findings: z.array(z.unknown()),
  ...pageInfo,
});

type Output = z.infer<typeof output>;
type Paging = { limit: number; offset: number };

export const migrationSettings = tool({
  name: 'migration_settings',
  title: 'Migration settings',
  description:
    "The cluster's live-migration settings: value in force, who set it, what it really does. With vm: what a migration of that VM gets, by which MigrationPolicy. With goal: what to change, why, with predicted effects. With history: Ferry's changes, which can be reverted. Changes nothing.",
  toolset: 'migration',
  input: z.strictObject({
    names: z.array(z.string().max(60)).max(50).describe('Only these settings.').optional(),
    vm: objectName().optional(),
    namespace: objectName().optional(),
    goal: z.enum(goals).optional(),
    history: z.boolean().optional(),
    ...paging(20, 100),
  }),
  output,
  instead: {
    name: 'use "vm" for a VM, "names" for settings',
    settings: 'use "names"',
    advice: 'use "goal"',
    advise: 'use "goal"',
    set: 'use migration_settings_change, which proposes a change',
  },
  needs: needsOf.settings,
  async run({ names = [], vm, namespace, goal, history, limit, offset }, context) {
    if ([vm, goal, history === true || undefined].filter((each) => each !== undefined).length > 1)
      throw new FerryError('FERRY_E_USAGE', 'vm, goal and history tell different things', 'Give one of them.');
    const page = { limit, offset };
    if (goal !== undefined) return await adviceAnswer(await settingsAdvice(context, goal), page);
    if (history === true) return await historyAnswer(context, page);
    return await settingsAnswer(context, { names, vm, namespace }, page);
  },
});

async function settingsAnswer(
  context: ToolContext,
  { names, vm, namespace }: { names: readonly string[]; vm: string | undefined; namespace: string | undefined },
  page: Paging,
): Promise<Answer<Output>> {
  const [{ readSettings }, { settingsFindings }, { named }, { settingsOfVm }, { explainedSetting }] = await Promise.all(
    [
      import('../../settings/read.ts'),
      import('../../settings/drift.ts'),
      import('../../settings/assignment.ts'),
      import('../../settings/for-vm.ts'),
      import('../../settings/explain.ts'),
    ],
  );
  const wanted = new Set(names.map((name) => named(name).name));
  const snapshot = await readSettingsFor(context);
  if (vm !== undefined) requireLists(snapshot, ['virtualMachines', 'virtualMachineInstances'], namespace);
  const ofVm = vm === undefined ? undefined : settingsOfVm(vmNamed(snapshot, vm, namespace), snapshot);
  const all = (ofVm?.items ?? readSettings(snapshot)).filter(({ name }) => wanted.size === 0 || wanted.has(name));
  const { items, ...rest } = pageOf(all, page, (ANSWER * 2) / 3);
  const findings = settingsFindings(snapshot).map((each) => findingOf(each, false));
  const head =
    ofVm === undefined
      ? []
      : [
          `A migration of VM ${ofVm.vm.namespace}/${ofVm.vm.name} gets these settings; MigrationPolicy: ${ofVm.policy ?? 'none'}.`,
          ...ofVm.why.map((line) => `  ${line}`),
          ...(ofVm.deadlineSeconds === null
            ? []
            : [`  Its time-out comes after ${longDuration(ofVm.deadlineSeconds)} of copying.`]),
        ];
  return {
    structured: {
      settings: items.map((item) => ({ ...item })),
      ...(ofVm !== undefined && {
        vm: { ...ofVm.vm, policy: ofVm.policy, why: ofVm.why, deadlineSeconds: ofVm.deadlineSeconds },
      }),
      findings,
      ...rest,
    },
    text: textOf([...head, ...items.flatMap(explainedSetting), ...findingLines(findings), ...pageText(rest)]),
  };
}

async function adviceAnswer(advice: Advice, page: Paging): Promise<Answer<Output>> {
  const { goal, recommendations, policies, unsolved, effects, confidence, basis } = advice;
  const [{ explainedPolicy, explainedRecommendation }, { effectSentences }] = await Promise.all([
    import('../../settings/advice-lines.ts'),
    import('../../settings/effect-rows.ts'),
  ]);
  const { items, ...rest } = pageOf(
    [...policies.map((each) => ({ ...each, manifest: fit(each.manifest, 1500) })), ...unsolved],
    page,
    ANSWER / 2,
  );
  const findings = advice.findings.map((each) => findingOf(each, false));
  const lines = [
    recommendations.length === 0 && policies.length === 0
      ? `For goal ${goal} no setting should change.`
      : `For goal ${goal} (${confidence} confidence):`,
    ...recommendations.flatMap((each) => {
      const [reason = '', ...more] = explainedRecommendation(each);
      return [`${each.setting}: ${each.current ?? '(not set)'} -> ${each.recommended}`, `  why: ${reason}`, ...more];
    }),
    ...items.flatMap((each) => ('message' in each ? [`${each.vm}: ${each.message}`] : explainedPolicy(each))),
    ...(effects === null ? [] : effectSentences(effects.before, effects.after).map((line) => `predicted: ${line}`)),
    ...findingLines(findings),
    'What this rests on:',
    ...basis.map((line) => `  ${line}`),
    ...pageText(rest),
  ];
  const told = recommendations.map(({ effects: _effects, ...each }) => each);
  return {
    structured: {
      advice: { goal, recommendations: told, effects, confidence, basis },
      vms: items.map((each) => ({ ...each })),
      findings,
      ...rest,
    },
    text: textOf(lines),
  };
}

async function historyAnswer(context: ToolContext, page: Paging): Promise<Answer<Output>> {
  const [{ readPast }, { shown }, snapshot] = await Promise.all([
    import('../../settings/past.ts'),
    import('../../settings/decide.ts'),
    readSettingsFor(context),
  ]);
  const past = await readPast(context.client, snapshot, context.signal);
  const { items, ...rest } = pageOf(past.toReversed(), page);
  const lines = items.flatMap(({ id, at, by, object, changes, outcome, now, reverts, message }) => [
    `change ${id} at ${at} by ${by}: ${object.kind} ${object.name}, ${outcome}${reverts === undefined ? '' : `, takes ${reverts} back`}; now ${now}${message === undefined ? '' : `; ${message}`}`,
    ...changes.map(({ name, from, to }) => `  ${name}: ${shown(from)} -> ${shown(to)}`),
  ]);
  return {
    structured: { history: items.map((each) => ({ ...each })), findings: [], ...rest },
    text: textOf([...(past.length === 0 ? ['Ferry has changed no settings here.'] : lines), ...pageText(rest)]),
  };
}

function findingLines(findings: readonly z.infer<typeof finding>[]): string[] {
  return findings.map(({ severity, message, check, remedy }) => `${severity}: ${message} [${check}] ${remedy}`);
}

function textOf(lines: readonly string[]): string {
  return lines.map(plain).join('\n');
}
