import { aftermathRows } from './aftermath-rows.ts';
import { backupRows } from './backup-rows.ts';
import { connectionRows } from './connection-rows.ts';
import { controlPlaneRows } from './control-plane-rows.ts';
import { failingRows } from './failing-rows.ts';
import { handlerRows } from './handler-rows.ts';
import { libvirtRows } from './libvirt-rows.ts';
import { otherRows } from './other-rows.ts';
import { queueRows } from './queue-rows.ts';
import { targetRows } from './target-rows.ts';

export const rows = [
  ...queueRows,
  ...targetRows,
  ...failingRows,
  ...connectionRows,
  ...libvirtRows,
  ...otherRows,
  ...handlerRows,
  ...aftermathRows,
  ...controlPlaneRows,
  ...backupRows,
];
