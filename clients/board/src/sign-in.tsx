import { useState } from 'react';
import { Submit } from './submit.tsx';

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Asks who it is, with the demo's first user filled in. What was typed stays when it was wrong. */
export function SignIn({ signIn }: { readonly signIn: (credentials: Credentials) => Promise<unknown> }) {
  const [email, setEmail] = useState('ada@example.com');
  const [password, setPassword] = useState('correct horse battery staple');

  async function submit() {
    await signIn({ email, password });
  }
  return (
    <form className="sign-in" action={submit}>
      <h1>Sign in</h1>
      <label>
        E-mail
        <input
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={({ target }) => setEmail(target.value)}
        />
      </label>
      <label>
        Password
        <input
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={({ target }) => setPassword(target.value)}
        />
      </label>
      <Submit>Sign in</Submit>
      <p>These are Ada’s of the demo. In a second window, sign in as grace@example.com with the same password.</p>
    </form>
  );
}
