// The filter bar of the threats.
import { hasThreatFilter, readPlace, severities, type ThreatFilter } from '../domain/place.ts';
import { useDashboard } from './context.ts';
import { TypedField, WorkloadField } from './filter-fields.tsx';

const severityOf = (value: string) => readPlace(`?severity=${encodeURIComponent(value)}`).threats.severity;

export function ThreatFilters() {
  const { places, threats } = useDashboard();
  const { filter, threats: chosen } = places.place.value;
  const change = (part: Partial<ThreatFilter>) => places.go({ threats: { ...chosen, ...part } });
  const names = threats.kinds.value.map(({ name }) => name).sort();
  return (
    <search class="filters" aria-label="Filter threats">
      <TypedField
        label="Text"
        value={filter.text}
        placeholder="Name, address, evidence …"
        wide
        onChange={(text) => places.filter({ text }, true)}
      />
      <WorkloadField />
      <label class="field">
        <span>Threat</span>
        <select value={chosen.name} onChange={(event) => change({ name: event.currentTarget.value })}>
          <option value="">any</option>
          {chosen.name && !names.includes(chosen.name) && <option value={chosen.name}>{chosen.name}</option>}
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Severity</span>
        <select
          value={chosen.severity}
          onChange={(event) => change({ severity: severityOf(event.currentTarget.value) })}
        >
          <option value="">any</option>
          {severities.slice(1).map((severity) => (
            <option key={severity} value={severity}>
              {severity === 'critical' ? severity : `${severity} or worse`}
            </option>
          ))}
        </select>
      </label>
      {hasThreatFilter(places.place.value) && (
        <button type="button" class="button" onClick={() => places.clearThreatFilter()}>
          Clear
        </button>
      )}
      <div class="space" />
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          checked={chosen.all}
          aria-checked={chosen.all}
          onChange={() => change({ all: !chosen.all })}
        />
        <i aria-hidden="true" />
        <span>Acknowledged, too</span>
      </label>
    </search>
  );
}
