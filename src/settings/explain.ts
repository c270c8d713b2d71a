import { formatBytes, parseQuantity, toBytes } from '../model/quantity.ts';
import type { SettingView } from './read.ts';

/** A value as it is written; undefined: there is none. */
export function valueText(value: SettingView['value'] | undefined): string | undefined {
  return value === null || value === undefined || value === '' ? undefined : String(value);
}

/** A setting with its value, where that comes from, and what it really does. Lines. */
export function explainedSetting(item: SettingView): string[] {
  const { name, value, unit, source, object, field, apiVersion, how, documented, does, remarks } = item;
  const { default: standard } = item;
  const shown = source === 'unknown' ? 'unknown' : (valueText(value) ?? 'not set');
  const bytes = unit === 'bytes/s' && value !== null && shown !== 'unknown' ? sizeText(String(value)) : '';
  const where =
    object === undefined
      ? ''
      : `${object.kind} ${object.namespace === undefined ? '' : `${object.namespace}/`}${object.name} ${field} (${apiVersion}): `;
  return [
    `${name}: ${shown}${unit === undefined ? '' : ` ${unit}`}${bytes}`,
    `  from: ${where}${how}`,
    ...(standard === undefined ? [] : [`  default: ${valueText(standard) ?? 'not set'}`]),
    ...(documented === undefined ? [] : [`  documented: ${documented === '' ? '""' : documented}`]),
    `  ${does}`,
    ...remarks.map((remark) => `  ${remark}`),
  ];
}

function sizeText(text: string): string {
  const bytes = Number(toBytes(parseQuantity(text)));
  return bytes === 0 ? ' (no limit)' : ` (${formatBytes(bytes)}/s)`;
}
