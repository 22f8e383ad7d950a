// Asks for the one-time secret that the command line prints.
import { useState } from 'preact/hooks';
import { ApiError } from '../feed/api.ts';
import { useDashboard } from './context.ts';

function reasonOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 429) return 'Too many attempts. Wait a minute, then try again.';
  return [error.message, error.hint].filter(Boolean).join(' ');
}

export function LoginView() {
  const dashboard = useDashboard();
  const [secret, setSecret] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(dashboard.signInError.value);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError('');
    try {
      await dashboard.signIn(secret.trim());
    } catch (caught) {
      setError(reasonOf(caught));
    }
    setBusy(false);
  };
  return (
    <main class="login">
      <form class="login-card" onSubmit={submit} aria-labelledby="login-title">
        <div class="moat" aria-hidden="true" />
        <h1 id="login-title">vmoat</h1>
        <p>
          Enter the one-time secret of this host. <code>vmoat web-login</code> prints one.
        </p>
        <label for="secret">Secret</label>
        <input
          id="secret"
          type="password"
          autocomplete="one-time-code"
          spellcheck={false}
          required
          autofocus
          value={secret}
          aria-invalid={error !== ''}
          aria-describedby="login-error"
          onInput={(event) => setSecret(event.currentTarget.value)}
        />
        <p id="login-error" class="error" role="alert">
          {error}
        </p>
        <button type="submit" class="button primary" disabled={busy || secret.trim() === ''}>
          {busy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}
