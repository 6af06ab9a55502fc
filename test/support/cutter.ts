import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy that can cut its connections, as networks do. */
export async function startCutter(target: string): Promise<{ url: string; cut(): void; connections(): number; close(): Promise<void> }> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<Socket>();
  let connections = 0;
  const proxy: Server = createServer((inside) => {
    connections += 1;
    const outside = connect(Number(port), hostname);
    for (const socket of [inside, outside]) {
      pairs.add(socket);
      socket.on('error', () => {}).on('close', () => pairs.delete(socket));
    }
    inside.pipe(outside).pipe(inside);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    cut: () => pairs.forEach((socket) => socket.destroy()),
    connections: () => connections,
    close: () => new Promise((resolve) => proxy.close(() => resolve())),
  };
}
