import type { StreamLog } from '../stream-log.ts';

export const silentLog: StreamLog = { debug() {}, info() {}, warn() {}, error() {} };
