import { type SyncError, toSyncError } from '@sync-hub/sdk/sync-error';
import { session } from './hub.ts';

interface Props {
  readonly onSignedIn: () => Promise<void>;
  readonly onProblem: (error: SyncError) => void;
}

/** Filled in with the demo sign-in that `npm start` prints. */
export function SignIn({ onSignedIn, onProblem }: Props) {
  async function signIn(form: FormData) {
    try {
      await session.signIn({ email: String(form.get('email')), password: String(form.get('password')) });
      await onSignedIn();
    } catch (error) {
      onProblem(toSyncError(error));
    }
  }
  return (
    <form className="sign-in" action={signIn}>
      <h1>Sign in</h1>
      <label>
        E-mail
        <input name="email" type="email" defaultValue="ada@example.com" autoComplete="username" required />
      </label>
      <label>
        Password
        <input
          name="password"
          type="password"
          defaultValue="correct horse battery staple"
          autoComplete="current-password"
          required
        />
      </label>
      <button type="submit">Sign in</button>
      <p>In a second window, sign in as grace@example.com with the same password.</p>
    </form>
  );
}
