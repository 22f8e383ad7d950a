// Fields that several filter bars have.
import { useEffect, useState } from 'preact/hooks';
import { useDashboard } from './context.ts';

type TypedProps = {
  label: string;
  value: string;
  placeholder: string;
  wide?: boolean;
  onChange: (value: string) => void;
};

/** What is typed shows at once and takes effect a moment later, so that not every letter asks the server. */
export function TypedField({ label, value, placeholder, wide = false, onChange }: TypedProps) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => onChange(typed.trim()), 250);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <label class={wide ? 'field wide' : 'field narrow'}>
      <span>{label}</span>
      <input
        type="search"
        value={typed}
        placeholder={placeholder}
        spellcheck={false}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
    </label>
  );
}

type ChoiceProps = {
  label: string;
  /** Empty: any. */
  value: string;
  choices: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
};

export function ChoiceField({ label, value, choices, onChange }: ChoiceProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">any</option>
        {choices.map(([choice, text]) => (
          <option key={choice} value={choice}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

type SwitchProps = { label: string; title?: string; checked: boolean; onChange: () => void };

export function SwitchField({ label, title, checked, onChange }: SwitchProps) {
  return (
    <label class="switch" title={title}>
      <input type="checkbox" role="switch" checked={checked} aria-checked={checked} onChange={onChange} />
      <i aria-hidden="true" />
      <span>{label}</span>
    </label>
  );
}

export function WorkloadField() {
  const { places, graph } = useDashboard();
  const { workload } = places.place.value.filter;
  const nodes = [...(graph.value?.nodes ?? [])].sort((a, b) => a.name.localeCompare(b.name));
  const known = nodes.some((node) => node.id === workload);
  return (
    <label class="field">
      <span>Workload</span>
      <select value={workload} onChange={(event) => places.filter({ workload: event.currentTarget.value })}>
        <option value="">any</option>
        {workload && !known && <option value={workload}>{workload}</option>}
        {nodes.slice(0, 3000).map((node) => (
          <option key={node.id} value={node.id}>
            {node.name}
          </option>
        ))}
      </select>
    </label>
  );
}
