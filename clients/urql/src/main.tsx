import { type SyncError, toSyncError } from '@sync-hub/sdk/sync-error';
import { useCallback, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'urql';
import { Board } from './board.tsx';
import { client, session } from './hub.ts';

function App() {
  const [isSignedIn, setSignedIn] = useState(session.isSignedIn);
  const [problem, setProblem] = useState<SyncError | null>(null);
  const fail = useCallback((cause: unknown) => {
    const error = toSyncError(cause);
    setProblem(error);
    if (error.endsSession) setSignedIn(false);
  }, []);
  const run = (action: Promise<unknown>) => action.then(() => setProblem(null), fail);

  async function signIn(form: FormData) {
    await session.signIn({ email: String(form.get('email')), password: String(form.get('password')) });
    setSignedIn(true);
  }
  function signOut() {
    setSignedIn(false);
    void run(session.signOut());
  }
  return (
    <Provider value={client}>
      {problem && <p role="alert">{problem.message}</p>}
      {isSignedIn ? (
        <Board run={run} fail={fail} signOut={signOut} />
      ) : (
        <form className="sign-in" action={(form) => run(signIn(form))}>
          <h1>Sign in</h1>
          <input name="email" type="email" aria-label="E-mail" defaultValue="ada@example.com" />
          <input name="password" type="password" aria-label="Password" defaultValue="correct horse battery staple" />
          <button type="submit">Sign in</button>
          <p>In a second window, sign in as grace@example.com with the same password.</p>
        </form>
      )}
    </Provider>
  );
}

const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<App />);
