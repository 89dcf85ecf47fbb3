import { type ReactNode, useState } from 'react';

interface Workspace {
  readonly id: string;
  readonly name: string;
}

interface Props<Row> {
  /** All that the viewer is a member of, as they are now. */
  readonly workspaces: readonly Row[];
  /** Whether that is so; before the first time, nothing is known. */
  readonly isLive: boolean;
  readonly children: (workspace: Row) => ReactNode;
}

/**
 * The workspace that is open: the first one, for as long as its viewer is a member. Nobody is moved to another without
 * asking, and who is added again is back.
 */
export function Opened<Row extends Workspace>({ workspaces, isLive, children }: Props<Row>) {
  const [opened, open] = useState<Row>();
  const [first] = workspaces;
  if (opened === undefined && first !== undefined) open(first);

  const workspace = workspaces.find(({ id }) => id === opened?.id);
  if (workspace !== undefined) return children(workspace);
  if (opened === undefined)
    return (
      <p>{isLive ? 'You are in no workspace yet. As soon as somebody adds you to one, it opens here.' : 'Loading…'}</p>
    );
  return (
    <>
      <p role="alert">You are no longer a member of {opened.name}. Should you be added again, it opens here.</p>
      {first && (
        <button type="button" onClick={() => open(first)}>
          Open {first.name}
        </button>
      )}
    </>
  );
}
