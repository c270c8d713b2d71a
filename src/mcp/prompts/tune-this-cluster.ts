import { z } from 'zod';
import { needsOf } from '../../cluster/rights.ts';
import { goals } from '../../settings/goal.ts';
import { prompt, task } from '../prompt.ts';
import { settingsAdvice } from '../settings-advice.ts';
import { clusterCheck } from '../tools/cluster-check.ts';
import { told, toolsContext } from './told.ts';

export const tuneThisCluster = prompt({
  name: 'tune-this-cluster',
  title: 'Tune this cluster',
  description:
    "Which of the cluster's live-migration settings to change for a goal, why, and what is predicted to come of it. Brings the advice in numbers and what the check of the cluster found.",
  arguments: z.strictObject({
    goal: z
      .enum(goals)
      .default('balanced')
      .describe(
        'What the settings are to serve: balanced, drain-fast (empty nodes soon), gentle (spare guests and links), large-vms.',
      ),
  }),
  complete: { goal: () => Promise.resolve(goals) },
  needs: [...needsOf.check, ...needsOf.settings],
  async run({ goal }, source) {
    const context = await toolsContext(source);
    const [advice, check] = await Promise.all([
      settingsAdvice(context, goal),
      told(clusterCheck, { limit: 20 }, context),
    ]);
    return {
      task: task(
        `Advise on the live-migration settings of this cluster; the goal is "${goal}".`,
        [
          'Read the advice below: recommendations with their reasons, risks and predicted effects, policies for single VMs, and what all that rests on.',
          'Show a table: setting, value now, value recommended, why in one sentence, risk. Then the predicted effect of all together: before and after. If nothing should change, say so and stop.',
          'Say what the predictions rest on and what is only assumed; do not make up numbers.',
          'From the check of the cluster name what no setting can mend and hinders migrations more than the settings do.',
          'What a setting really does, and its default in each version, is in the resources ferry://reference/settings/NAME.',
          {
            tool: 'migration_settings',
            step: 'To read the settings as they are, or to see the advice for another goal: migration_settings.',
          },
          {
            tool: 'migration_settings_change',
            step: 'If I then ask for a change: migration_settings_change proposes it and changes nothing; apply_proposal only after my yes.',
          },
        ],
        source,
      ),
      brought: [
        { what: 'Advice on the settings', data: advice },
        { what: 'What cluster_check tells', data: check.text },
      ],
    };
  },
});
