// Says that somebody has seen to an incident, or takes it back; only who was signed in by root may.
import { useState } from 'preact/hooks';
import type { Threat } from '../../hostd/api/schema.ts';
import { dateText } from '../domain/moment.ts';
import { Facts } from '../ui/facts.tsx';
import { useDashboard } from './context.ts';

const noteMax = 500;
type Props = { threat: Threat; onChange: (threat: Threat) => void };

export function Acknowledging({ threat, onChange }: Props) {
  const [failed, setFailed] = useState('');
  const [busy, setBusy] = useState(false);
  const act = async (job: () => Promise<Threat>) => {
    setBusy(true);
    setFailed('');
    await job()
      .then(onChange)
      .catch((error) => setFailed([error.message, error.hint].filter(Boolean).join(' ')));
    setBusy(false);
  };
  return (
    <section class="acknowledging" aria-label="Acknowledge">
      <h3>{threat.acknowledged ? 'Acknowledged' : 'Open'}</h3>
      {threat.acknowledged ? (
        <Done threat={threat} busy={busy} act={act} />
      ) : (
        <Form threat={threat} busy={busy} act={act} />
      )}
      {failed && (
        <p class="bad" role="alert">
          {failed}
        </p>
      )}
    </section>
  );
}

type PartProps = { threat: Threat; busy: boolean; act: (job: () => Promise<Threat>) => Promise<void> };

function useIsAdmin(): boolean {
  return useDashboard().threats.session.value?.role === 'admin';
}

function OnlyAdmin() {
  return (
    <p class="hint">
      Only an administrator acknowledges: open the link that <code>sudo vmoat web-login</code> prints.
    </p>
  );
}

function Form({ threat, busy, act }: PartProps) {
  const { api } = useDashboard();
  const [note, setNote] = useState('');
  if (!useIsAdmin()) return <OnlyAdmin />;
  const acknowledge = (alike: boolean) => act(() => api.acknowledge(threat.id, note.trim(), alike));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void acknowledge(false);
      }}
    >
      <label class="field wide">
        <span>Note</span>
        <input
          type="text"
          value={note}
          maxLength={noteMax}
          placeholder="why, for whoever comes next"
          onInput={(event) => setNote(event.currentTarget.value)}
        />
      </label>
      <div class="buttons">
        <button type="submit" class="button primary" disabled={busy}>
          Acknowledge
        </button>
        <button type="button" class="button" disabled={busy} onClick={() => void acknowledge(true)}>
          All of this source
        </button>
      </div>
    </form>
  );
}

function Done({ threat, busy, act }: PartProps) {
  const { api } = useDashboard();
  const isAdmin = useIsAdmin();
  const { at = '', by = '', note = '' } = threat.acknowledged ?? {};
  return (
    <>
      <Facts
        facts={[
          ['By', by],
          ['At', dateText(at)],
          ['Note', note],
        ]}
      />
      {isAdmin ? (
        <div class="buttons">
          <button
            type="button"
            class="button"
            disabled={busy}
            onClick={() => void act(() => api.reopen(threat.id, false))}
          >
            Open again
          </button>
          <button
            type="button"
            class="button"
            disabled={busy}
            onClick={() => void act(() => api.reopen(threat.id, true))}
          >
            All of this source
          </button>
        </div>
      ) : (
        <OnlyAdmin />
      )}
    </>
  );
}
