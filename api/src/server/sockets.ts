import type { ErrorCode } from '../errors.ts';

/** The part of a socket that is used here. */
export interface ClosableSocket {
  close(code: number, reason: string): void;
}

/** Reasons of a close with 4403. */
export type CloseReason = Extract<ErrorCode, 'UNAUTHENTICATED' | 'TOKEN_EXPIRED' | 'SESSION_REVOKED'>;

/** Every signed-in socket of this process, by session: what ends a session closes its sockets. */
export function createSockets() {
  const bySession = new Map<string, Set<ClosableSocket>>();

  return {
    get size() {
      let size = 0;
      for (const sockets of bySession.values()) size += sockets.size;
      return size;
    },
    /** @returns how to forget the socket. */
    add(sessionId: string, socket: ClosableSocket): () => void {
      const sockets = bySession.get(sessionId) ?? new Set();
      bySession.set(sessionId, sockets.add(socket));
      return () => {
        sockets.delete(socket);
        if (sockets.size === 0 && bySession.get(sessionId) === sockets) bySession.delete(sessionId);
      };
    },
    sessionIds: (): readonly string[] => [...bySession.keys()],
    closeAll(code: number, reason: ErrorCode) {
      for (const sockets of bySession.values()) for (const socket of sockets) socket.close(code, reason);
    },
    closeSession(sessionId: string, reason: CloseReason) {
      for (const socket of bySession.get(sessionId) ?? []) socket.close(4403, reason);
    },
  };
}
export type Sockets = ReturnType<typeof createSockets>;
