import { createConnection, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { type Link, startProxy } from './proxy.ts';

const closings: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

test('bytes pass both ways', async () => {
  const { proxy } = await echoBehindProxy();
  const client = connect(proxy);
  client.socket.write('hello');
  await waitFor(() => client.received() === 'hello', { what: 'the echo' });
});

test('a cut link ends its connections and refuses new ones, until it passes again', async () => {
  const { proxy } = await echoBehindProxy();
  const before = connect(proxy);
  before.socket.write('x');
  await waitFor(() => before.received() === 'x', { what: 'the echo' });
  proxy.setMode('cut');
  await waitFor(() => before.isClosed(), { what: 'the connection to end' });
  const during = connect(proxy);
  await waitFor(() => during.isClosed(), { what: 'the new connection to be refused' });
  proxy.setMode('pass');
  const after = connect(proxy);
  after.socket.write('y');
  await waitFor(() => after.received() === 'y', { what: 'the echo' });
});

test('a black hole says nothing, and ends what lost bytes in it when it is gone', async () => {
  const { proxy, heard } = await echoBehindProxy();
  const client = connect(proxy);
  client.socket.write('x');
  await waitFor(() => client.received() === 'x', { what: 'the echo' });
  proxy.setMode('black hole');
  const late = connect(proxy);
  late.socket.write('z');
  client.socket.write('y');
  await waitFor(() => late.isConnected(), { what: 'a connection into the black hole' });
  expect([client.isClosed(), late.isClosed()]).toEqual([false, false]);
  await waitFor(() => client.socket.bytesWritten === 2, { what: 'the byte to leave' });
  proxy.setMode('pass');
  client.socket.write('w');
  await waitFor(() => client.isClosed(), { what: 'the torn connection to end' });
  expect(heard()).not.toContain('y');
});

test('a connection that is forgotten ends for the target alone; others pass', async () => {
  const { proxy, peerPorts, open } = await echoBehindProxy();
  const [one, other] = [connect(proxy), connect(proxy)];
  one.socket.write('x');
  await waitFor(() => one.received() === 'x', { what: 'the echo' });
  expect(proxy.forget(peerPorts()[0] ?? 0)).toBe(true);
  await waitFor(() => open() === 1, { what: 'the target to lose one of two' });
  one.socket.write('y');
  other.socket.write('z');
  await waitFor(() => other.received() === 'z', { what: 'the echo to the other' });
  expect([one.isClosed(), one.received()]).toEqual([false, 'x']);
});

test('what is held on its way arrives when it is let go, also from a sender that has gone; others pass', async () => {
  const { proxy, peerPorts, heard } = await echoBehindProxy();
  const [one, other] = [connect(proxy), connect(proxy)];
  one.socket.write('x');
  await waitFor(() => one.received() === 'x', { what: 'the echo' });
  const letGo = proxy.hold(peerPorts()[0] ?? 0);
  one.socket.end('y');
  other.socket.write('z');
  await waitFor(() => other.received() === 'z', { what: 'the echo to the other' });
  one.socket.destroy();
  expect([heard(), letGo]).toEqual(['xz', expect.any(Function)]);
  letGo?.();
  await waitFor(() => heard() === 'xzy', { what: 'what was held' });
});

async function echoBehindProxy() {
  let heard = '';
  const sockets = new Set<Socket>();
  const ports: number[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    ports.push(socket.remotePort ?? 0);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      heard += bytes.toString();
      socket.write(bytes);
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : 0);
    });
  });
  closings.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const proxy = await startProxy(port);
  closings.push(proxy.close);
  return { proxy, heard: () => heard, peerPorts: () => ports, open: () => sockets.size };
}

function connect({ port }: Link) {
  const socket = createConnection({ port, host: '127.0.0.1' });
  let received = '';
  let isClosed = false;
  let isConnected = false;
  socket.on('connect', () => {
    isConnected = true;
  });
  socket.on('data', (bytes) => {
    received += bytes.toString();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  closings.push(() => socket.destroy());
  return { socket, received: () => received, isClosed: () => isClosed, isConnected: () => isConnected };
}
