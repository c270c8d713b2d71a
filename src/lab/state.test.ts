import { spawnSync } from 'node:child_process';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { clearLabState, type LabState, labStateDirectory, readLabState, writeLabState } from './state.ts';

let env: NodeJS.ProcessEnv;
const state: LabState = {
  pid: process.pid,
  url: 'https://127.0.0.1:6443',
  port: 6443,
  kubeconfig: '/tmp/kubeconfig',
  scenario: 'small',
  cnv: '4.20',
  kubevirt: 'v1.6.6',
  speed: 1,
  seed: '1',
  startedAt: '2026-11-22T20:00:00Z',
};

beforeEach(() => {
  env = { XDG_STATE_HOME: mkdtempSync(join(tmpdir(), 'ferry-state-')) };
});

describe('the record of a detached lab', () => {
  test('is found again as it was written, and only its owner can read it', () => {
    writeLabState(state, env);
    expect(readLabState(env)).toEqual(state);
    expect(statSync(join(labStateDirectory(env), 'lab.json')).mode & 0o777).toBe(0o600);
  });

  test('is none before a lab was started and after it was cleared', () => {
    expect(readLabState(env)).toBeUndefined();
    writeLabState(state, env);
    clearLabState(env);
    expect(readLabState(env)).toBeUndefined();
  });

  test('of a process that is gone is stale and removed', () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    writeLabState({ ...state, pid: gone }, env);
    expect(readLabState(env)).toBeUndefined();
    writeLabState(state, env);
    expect(readLabState(env)?.pid).toBe(process.pid);
  });

  test('that is not JSON counts as none', () => {
    writeLabState(state, env);
    writeFileSync(join(labStateDirectory(env), 'lab.json'), '{"pid":');
    expect(readLabState(env)).toBeUndefined();
  });

  test('of a successor is not erased by the lab before it', () => {
    writeLabState(state, env);
    clearLabState(env, process.pid + 1);
    expect(readLabState(env)).toEqual(state);
    clearLabState(env, process.pid);
    expect(readLabState(env)).toBeUndefined();
  });

  test('lies under ~/.local/state without XDG_STATE_HOME', () => {
    expect(labStateDirectory({ HOME: '/home/me' })).toBe('/home/me/.local/state/ferry/lab');
  });
});
