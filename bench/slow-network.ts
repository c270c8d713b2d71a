import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * A relay on loopback that delivers every byte `delay` ms after it came, in both directions, without limiting the rate:
 * what a round trip costs between an administrator's machine and an API server.
 */
export async function slowNetwork(target: number, delay: number): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const relay = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true });
    sockets.add(near).add(far);
    late(near, far, delay);
    late(far, near, delay);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return {
    port: (relay.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      relay.close();
    },
  };
}

function late(from: Socket, to: Socket, delay: number): void {
  from.on('data', (chunk) => setTimeout(() => to.writable && to.write(chunk), delay));
  from.on('close', () => setTimeout(() => to.destroy(), delay));
  from.on('error', () => to.destroy());
}
