import { type SyncError, toSyncError } from '@sync-hub/sdk/sync-error';
import { useCallback, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'urql';
import { FirstBoard } from './board.tsx';
import { client, session } from './hub.ts';
import { SignIn } from './sign-in.tsx';

function App() {
  const [isSignedIn, setSignedIn] = useState(session.isSignedIn);
  const [problem, setProblem] = useState<SyncError | null>(null);
  const onProblem = useCallback((error: SyncError | null) => {
    setProblem(error);
    if (error?.endsSession) setSignedIn(false);
  }, []);
  const onSignedIn = () => {
    setProblem(null);
    setSignedIn(true);
  };
  const onSignOut = () => {
    setSignedIn(false);
    session.signOut().catch((error: unknown) => onProblem(toSyncError(error)));
  };
  return (
    <Provider value={client}>
      {problem && <p role="alert">{problem.message}</p>}
      {isSignedIn ? (
        <FirstBoard onProblem={onProblem} onSignOut={onSignOut} />
      ) : (
        <SignIn onSignedIn={onSignedIn} onProblem={onProblem} />
      )}
    </Provider>
  );
}

const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<App />);
