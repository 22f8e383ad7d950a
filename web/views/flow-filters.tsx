// The filter bar of the flow table, and the switch between following and standing still.
import { legend } from '../domain/legend.ts';
import { hasFilter, readPlace } from '../domain/place.ts';
import { useDashboard } from './context.ts';
import { ChoiceField, SwitchField, TypedField, WorkloadField } from './filter-fields.tsx';

const VERDICTS = ['allow', 'deny', 'violation'].map((verdict) => [verdict, verdict] as const);

export function FlowFilters() {
  const { places, isLive } = useDashboard();
  const { filter, follow } = places.place.value;
  return (
    <search class="filters" aria-label="Filter flows">
      <TypedField
        label="Text"
        value={filter.text}
        placeholder="Name, address, host name, fact …"
        wide
        onChange={(text) => places.filter({ text }, true)}
      />
      <WorkloadField />
      <ApplicationField />
      <TypedField
        label="Port"
        value={filter.port}
        placeholder="any"
        onChange={(port) => places.filter({ port: portOf(port) }, true)}
      />
      <ChoiceField
        label="Verdict"
        value={filter.verdict}
        choices={VERDICTS}
        onChange={(verdict) => places.filter({ verdict: verdictOf(verdict) })}
      />
      {hasFilter(filter) && (
        <button type="button" class="button" onClick={() => places.clearFilter()}>
          Clear
        </button>
      )}
      <div class="space" />
      {isLive.value && (
        <SwitchField
          label="Follow"
          title="L"
          checked={follow}
          onChange={() => places.go({ follow: !follow })}
        />
      )}
    </search>
  );
}

const verdictOf = (value: string) => readPlace(`?verdict=${encodeURIComponent(value)}`).filter.verdict;
const portOf = (value: string) => readPlace(`?port=${encodeURIComponent(value)}`).filter.port;

function ApplicationField() {
  const { places, graph } = useDashboard();
  const { app } = places.place.value.filter;
  const names = graph.value ? legend(graph.value).map((entry) => entry.app) : [];
  const all = app && !names.includes(app) ? [app, ...names] : names;
  return (
    <label class="field">
      <span>Application</span>
      <select value={app} onChange={(event) => places.filter({ app: event.currentTarget.value })}>
        <option value="">any</option>
        {all.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
