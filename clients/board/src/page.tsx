import { SyncError, toSyncError } from '@sync-hub/sdk/sync-error';
import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';
import { type Credentials, SignIn } from './sign-in.tsx';
import './style.css';

/** How everything on the page says what went wrong. The same from one rendering to the next. */
interface Report {
  /** Shows the reason; one that ends the session leads to the sign-in. */
  fail(cause: unknown): void;
  /**
   * Shows why an action failed, or that nothing is wrong any more. Resolves with whether it succeeded.
   *
   * @param unanswered  what to say when no answer came, so that nobody knows whether it did.
   */
  attempt(action: Promise<unknown>, unanswered?: string): Promise<boolean>;
}

const ReportContext = createContext<Report | null>(null);

export function useReport(): Report {
  const report = useContext(ReportContext);
  if (report === null) throw new Error('This is on no <Page>');
  return report;
}

interface Props {
  readonly title: string;
  /** At the start; afterwards the page knows. */
  readonly isSignedIn: boolean;
  readonly signIn: (credentials: Credentials) => Promise<unknown>;
  readonly signOut: () => Promise<unknown>;
  /** What whoever is signed in sees. */
  readonly children: ReactNode;
}

/** The frame of an app: who is signed in, and what went wrong. */
export function Page({ title, children, ...session }: Props) {
  const [isSignedIn, setSignedIn] = useState(session.isSignedIn);
  const [problem, setProblem] = useState<SyncError | null>(null);
  const report = useMemo<Report>(() => {
    function fail(cause: unknown) {
      const error = toSyncError(cause);
      setProblem(error);
      if (error.endsSession) setSignedIn(false);
    }
    async function attempt(action: Promise<unknown>, unanswered?: string) {
      try {
        await action;
        setProblem(null);
        return true;
      } catch (cause) {
        const error = toSyncError(cause);
        fail(error.code === 'NETWORK' && unanswered ? new SyncError(error.code, unanswered, { cause }) : error);
        return false;
      }
    }
    return { fail, attempt };
  }, []);

  async function signIn(credentials: Credentials) {
    if (await report.attempt(session.signIn(credentials))) setSignedIn(true);
  }
  function signOut() {
    setSignedIn(false);
    void report.attempt(session.signOut());
  }
  return (
    <ReportContext value={report}>
      <nav>
        {title}
        {isSignedIn && (
          <button type="button" onClick={signOut}>
            Sign out
          </button>
        )}
      </nav>
      {problem && <p role="alert">{problem.message}</p>}
      {isSignedIn ? children : <SignIn signIn={signIn} />}
    </ReportContext>
  );
}
