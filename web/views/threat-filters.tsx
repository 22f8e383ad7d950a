// The filter bar of the threats.
import { hasThreatFilter, readPlace, severities, type ThreatFilter } from '../domain/place.ts';
import { useDashboard } from './context.ts';
import { ChoiceField, SwitchField, TypedField, WorkloadField } from './filter-fields.tsx';

const severityOf = (value: string) => readPlace(`?severity=${encodeURIComponent(value)}`).threats.severity;
const SEVERITIES = severities
  .slice(1)
  .map((severity) => [severity, severity === 'critical' ? severity : `${severity} or worse`] as const);

export function ThreatFilters() {
  const { places, threats } = useDashboard();
  const { filter, threats: chosen } = places.place.value;
  const change = (part: Partial<ThreatFilter>) => places.go({ threats: { ...chosen, ...part } });
  const known = threats.kinds.value.map(({ name }) => name);
  // A name of the address that vmoat-dp does not know stays chosen.
  const names = [...new Set([...known, ...(chosen.name ? [chosen.name] : [])])].sort();
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
      <ChoiceField
        label="Threat"
        value={chosen.name}
        choices={names.map((name) => [name, name])}
        onChange={(name) => change({ name })}
      />
      <ChoiceField
        label="Severity"
        value={chosen.severity}
        choices={SEVERITIES}
        onChange={(severity) => change({ severity: severityOf(severity) })}
      />
      {hasThreatFilter(places.place.value) && (
        <button type="button" class="button" onClick={() => places.clearThreatFilter()}>
          Clear
        </button>
      )}
      <div class="space" />
      <SwitchField
        label="Acknowledged, too"
        checked={chosen.all}
        onChange={() => change({ all: !chosen.all })}
      />
    </search>
  );
}
