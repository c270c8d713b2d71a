// What a watch is without a lab: a TLS server that writes the bytes it is sent to every stream that is open.
import { type AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { createCertificates } from '../src/lab/certificates.ts';

/** The first line of a connection says what it is: `watch` or `tell`. */
export async function plainStreams(): Promise<{ port: number }> {
  const { key, cert } = await createCertificates();
  const watchers = new Set<TLSSocket>();
  const server = createServer({ key, cert }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (first: Buffer) => {
      if (String(first) !== 'tell\n') {
        watchers.add(socket);
        socket.once('close', () => watchers.delete(socket));
        socket.write('}\n');
        return;
      }
      let line = '';
      socket.write('ready');
      socket.on('data', (chunk: Buffer) => {
        line += String(chunk);
        if (!line.endsWith('\n')) return;
        const bytes = Buffer.from(line);
        line = '';
        for (const watcher of watchers) watcher.write(bytes);
        socket.write('told');
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port };
}
