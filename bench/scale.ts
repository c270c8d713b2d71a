// The lab at scale: 1,000 nodes and 20,000 VMs; each figure beside the plain operation, in the same run.
import { type ChildProcess, fork } from 'node:child_process';
import { Agent, request } from 'node:https';
import { connect } from 'node:tls';
import { parse } from 'yaml';
import { fanOut, median } from './fan-out.ts';

const VMIS = '/apis/kubevirt.io/v1/virtualmachineinstances';
const UPDATES = 1_000;

interface Started {
  startSeconds: number;
  peakMiB: number;
  kubeconfig: string;
}

interface Target {
  server: string;
  ca: Buffer;
  token: string;
}

interface List {
  metadata: { resourceVersion: string };
  items: { metadata: { namespace: string; name: string } }[];
}

function targetOf(kubeconfig: string): Target {
  const config = parse(kubeconfig) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
    users: { user: { token: string } }[];
  };
  const cluster = config.clusters[0]?.cluster;
  if (cluster === undefined) throw new Error('the kubeconfig has no cluster');
  return {
    server: cluster.server,
    ca: Buffer.from(cluster['certificate-authority-data'], 'base64'),
    token: config.users[0]?.user.token ?? '',
  };
}

function ask(process: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve) => {
    process.once('message', (message) => resolve((message as { answer: number }).answer));
    process.send(command);
  });
}

/** One request; its body in pieces. */
function send(target: Target, agent: Agent, method: string, path: string, body?: unknown): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${target.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/merge-patch+json' }),
    };
    const sent = request(`${target.server}${path}`, { method, headers, agent }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(pieces);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${Buffer.concat(pieces).toString()}`));
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function lists(lab: ChildProcess, target: Target, agent: Agent, holds: Holds): Promise<List> {
  const times: number[] = [];
  let pieces: Buffer[] = [];
  for (let round = 0; round < 6; round++) {
    const start = performance.now();
    pieces = await send(target, agent, 'GET', VMIS);
    times.push((performance.now() - start) / 1000);
  }
  const [first = 0, ...rest] = times;
  const plain = await ask(lab, 'stringify');
  const again = Math.min(...rest);
  const size = pieces.reduce((sum, { length }) => sum + length, 0) / 2 ** 20;
  const found = JSON.parse(Buffer.concat(pieces).toString()) as List;
  console.log(
    `LIST of ${found.items.length} VMIs, ${size.toFixed(0)} MiB over TLS, against a JSON.stringify of the same list`,
  );
  console.log(
    `  first ${first.toFixed(2)} s, later ${again.toFixed(2)} s, JSON.stringify ${plain.toFixed(2)} s: ratios ${(first / plain).toFixed(2)} and ${(again / plain).toFixed(2)}`,
  );
  holds('a LIST of 20,000 VMIs costs at most 3 times a JSON.stringify of it', first <= 3 * plain);
  return found;
}

async function watches(lab: ChildProcess, target: Target, agent: Agent, list: List, holds: Holds): Promise<void> {
  const change = async (index: number): Promise<Buffer[]> => {
    const { namespace, name } = list.items[index]?.metadata ?? { namespace: '', name: '' };
    const path = `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${name}`;
    return send(target, agent, 'PATCH', path, {
      metadata: { annotations: { 'bench.ferry.run/update': String(index) } },
    });
  };
  const hello = [
    `GET ${VMIS}?watch=true&resourceVersion=${list.metadata.resourceVersion} HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${target.token}`,
  ].join('\r\n');
  const served = await fanOut(Number(new URL(target.server).port), `${hello}\r\n\r\n`, UPDATES, change);

  const line = `{"type":"MODIFIED","object":${Buffer.concat(await change(0))
    .toString()
    .trim()}}\n`;
  const port = await ask(lab, 'plain');
  const teller = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const told = (text: string): Promise<void> =>
    new Promise((resolve) => {
      teller.once('data', () => resolve());
      teller.write(text);
    });
  await told('tell\n');
  const plain = await fanOut(port, 'watch\n', UPDATES, () => told(line));
  teller.destroy();

  const [lag, bare] = [median(served), median(plain)];
  console.log(
    `${UPDATES} updates to 1,000 watchers, one after the other, against writing the same bytes to 1,000 TLS streams`,
  );
  console.log(
    `  median delay ${lag.toFixed(1)} ms, plain ${bare.toFixed(1)} ms: ratio ${(lag / bare).toFixed(2)}, ${(lag - bare).toFixed(1)} ms of it the lab's`,
  );
  holds('1,000 watchers get 1,000 updates with a median delay under 50 ms of lab overhead', lag - bare < 50);
}

type Holds = (promise: string, is: boolean) => void;

/** Starts the lab, measures it, prints the figures; `holds` is told what was promised and whether it is so. */
export async function scale(holds: Holds): Promise<void> {
  const lab = fork(new URL('scale-process.ts', import.meta.url));
  const { startSeconds, peakMiB, kubeconfig } = await new Promise<Started>((resolve, reject) => {
    lab.once('message', (message) => resolve(message as Started));
    lab.once('exit', (code) => reject(new Error(`the lab ended with ${code}`)));
  });
  const plain = await ask(lab, 'objects');
  console.log('a lab of 1,000 nodes and 20,000 VMs, against the same objects parsed into arrays');
  console.log(
    `  starts in ${startSeconds.toFixed(1)} s with ${peakMiB.toFixed(0)} MiB at its peak, plain ${plain.toFixed(1)} s: ratio ${(startSeconds / plain).toFixed(1)}`,
  );
  holds('a lab of 1,000 nodes and 20,000 VMs starts in less than 15 s', startSeconds < 15);
  holds('and with less than 2 GiB', peakMiB < 2048);
  const target = targetOf(kubeconfig);
  const agent = new Agent({ keepAlive: true, ca: target.ca });
  const list = await lists(lab, target, agent, holds);
  await watches(lab, target, agent, list, holds);
  agent.destroy();
  lab.disconnect();
}
