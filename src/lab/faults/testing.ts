import { request } from 'node:https';
import { type Lab, type LabOptions, startLab } from '../lab.ts';
import type { FaultRequest, Injected } from './injector.ts';

// For tests: a lab whose clock the test drives, asked over HTTP.

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface FaultLab extends Lab {
  inject(name: string, more?: Omit<FaultRequest, 'name'>): Injected;
  /** As the admin; rejects if the connection breaks. */
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  /** A watch: the lines it got, and whether it has ended. */
  watch(path: string): Promise<{ lines: { type: string; object: { code?: number } }[]; ended: Promise<void> }>;
}

export async function faultLab(options: LabOptions = {}): Promise<FaultLab> {
  const lab = await startLab({
    speed: 'stopped',
    seed: 'faults',
    startTime: Date.parse('2026-03-01T08:00:00Z'),
    ...options,
  });
  const decoded = (field: string): string =>
    Buffer.from(new RegExp(`${field}: (.*)`).exec(lab.kubeconfig)?.[1] ?? '', 'base64').toString();
  const ca = decoded('certificate-authority-data');
  const token = /token: (.*)/.exec(lab.kubeconfig)?.[1] ?? '';
  const open = (method: string, path: string, agent?: false) =>
    request(`${lab.url}${path}`, {
      method,
      ca,
      ...(agent === undefined ? {} : { agent }),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
  return {
    ...lab,
    inject: (name, more = {}) => lab.injector.inject({ name, ...more }),
    ask: (method, path, body) =>
      new Promise((resolve, reject) => {
        const sent = open(method, path, false);
        sent.on('error', reject).on('response', (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response
            .on('error', reject)
            .on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
        });
        sent.end(body === undefined ? undefined : JSON.stringify(body));
      }),
    watch: (path) =>
      new Promise((resolve, reject) => {
        const sent = open('GET', path, false);
        sent.on('error', reject).on('response', (response) => {
          const lines: { type: string; object: { code?: number } }[] = [];
          let rest = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            const whole = `${rest}${part}`.split('\n');
            rest = whole.pop() ?? '';
            for (const line of whole) lines.push(JSON.parse(line) as (typeof lines)[0]);
          });
          const ended = new Promise<void>((over) => response.on('error', () => over()).on('close', over));
          resolve({ lines, ended });
        });
        sent.end();
      }),
  };
}
