// An application's name beside its colour.
import { applicationName, colourOf } from '../domain/application.ts';
import { theme } from './look.ts';

export function ApplicationChip({ app, guess = false }: { app: string | null | undefined; guess?: boolean }) {
  return (
    <span
      class="application"
      style={{ '--tint': colourOf(app, theme()) }}
      title={guess ? 'a guess' : undefined}
    >
      <i aria-hidden="true" />
      {applicationName(app)}
      {guess && <small> guess</small>}
    </span>
  );
}
