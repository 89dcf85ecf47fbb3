import { CloseCode } from 'graphql-ws';
import type { WebSocket } from 'ws';

/** Closes the socket when its token expires. @returns how not to. */
export function closeAtExpiry(socket: WebSocket, expiresAt: Date): () => void {
  const timer = setTimeout(() => socket.close(CloseCode.Forbidden, 'TOKEN_EXPIRED'), expiresAt.getTime() - Date.now());
  return () => clearTimeout(timer);
}

/** Cuts the socket when its client has not answered a ping by the next. @returns how not to. */
export function keepAlive(socket: WebSocket, intervalMs: number): () => void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, intervalMs);
  return () => clearInterval(timer);
}
