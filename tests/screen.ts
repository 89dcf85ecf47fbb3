import { waitFor } from '@sync-hub/dev/wait-for';
import { type Following, type Person, personWith } from './person.ts';

/** What every frame of a watch has in common. */
export interface WatchFrame {
  readonly reset: boolean;
  readonly upToDate: boolean;
  readonly changes: readonly { readonly key: string; readonly row?: unknown }[];
}
type RowOf<Frame extends WatchFrame> = NonNullable<Frame['changes'][number]['row']>;

/** A watch as a client would show it. */
export interface Screen<Frame extends WatchFrame> {
  readonly frames: readonly Frame[];
  /** By key, each as the newest frame left it. */
  readonly rows: ReadonlyMap<string, RowOf<Frame>>;
  readonly isUpToDate: boolean;
  /** Frames that told it to forget everything, the first included. */
  readonly resets: number;
}

/** Applies the frames as docs/api.md tells clients to. */
export function screenOf<Frame extends WatchFrame>(frames: readonly Frame[]): Screen<Frame> {
  const rows = new Map<string, RowOf<Frame>>();
  for (const { reset, changes } of frames) {
    if (reset) rows.clear();
    for (const { key, row } of changes) {
      if (row === null || row === undefined) rows.delete(key);
      else rows.set(key, row as RowOf<Frame>);
    }
  }
  const isUpToDate = frames.at(-1)?.upToDate ?? false;
  return { frames, rows, isUpToDate, resets: frames.filter(({ reset }) => reset).length };
}

/** Waits until the screen is up to date and as it is expected to be. */
export function untilShown<Frame extends WatchFrame>(
  watch: Following<Frame>,
  what: string,
  isIt: (screen: Screen<Frame>) => boolean | Promise<boolean>,
): Promise<Screen<Frame>> {
  return waitFor(
    async () => {
      const screen = screenOf([watch.opening, ...watch.frames]);
      return screen.isUpToDate && (await isIt(screen)) ? screen : null;
    },
    { what: `${what} on screen; ${watch.codes.join()}`, timeoutMs: 20_000 },
  );
}

/** The same person over a socket of its own, perhaps to another API process. */
export function again(person: Person, url: string): Person {
  const { email, accessToken, refreshToken, userId, sessionId } = person;
  return personWith(url, email, { accessToken, refreshToken, user: { id: userId }, session: { id: sessionId } });
}
