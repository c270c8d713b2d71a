import { faults } from './index.ts';
import { type ParameterName, parameters, type Rule } from './parameters.ts';

interface CataloguedParameter {
  name: ParameterName;
  /** How it is written. */
  form: string;
  meaning: string;
  required: boolean;
  default?: string;
}

interface Catalogued {
  name: string;
  summary: string;
  parameters: CataloguedParameter[];
  /** How long it lasts if nothing is said. */
  lasts?: string;
}

/** Every fault, as data. */
export function catalogue(): Catalogued[] {
  return faults.map(({ name, summary, parameters: rules, lasts }) => ({
    name,
    summary,
    parameters: (Object.entries(rules) as [ParameterName, Rule][]).map(([parameter, rule]) => ({
      name: parameter,
      form: parameters[parameter].form,
      meaning: parameters[parameter].meaning,
      required: rule === 'required',
      ...(typeof rule === 'object' ? { default: rule.default } : {}),
    })),
    ...(lasts === undefined ? {} : { lasts }),
  }));
}
