import type { Command } from 'commander';
import type { Invocation } from '../context.ts';
import { cancelCommand } from './cancel.ts';
import { checkCommand } from './check.ts';
import { completeCommand } from './complete.ts';
import { completionCommand } from './completion.ts';
import { demoCommand } from './demo.ts';
import { diagnoseCommand } from './diagnose.ts';
import { getCommand } from './get.ts';
import { labCommand } from './lab.ts';
import { mcpCommand } from './mcp.ts';
import { moveCommand } from './move.ts';
import { networkCommand } from './network.ts';
import { settingsCommand } from './settings.ts';
import { snapshotCommand } from './snapshot.ts';
import { versionCommand } from './version.ts';

/** Every command, in the order of the help. */
export const commands: ((program: Command, invocation: Invocation) => void)[] = [
  checkCommand,
  diagnoseCommand,
  moveCommand,
  getCommand,
  cancelCommand,
  settingsCommand,
  networkCommand,
  snapshotCommand,
  mcpCommand,
  labCommand,
  demoCommand,
  versionCommand,
  completionCommand,
  completeCommand,
];
