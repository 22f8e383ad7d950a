// The filter bar of the flow table, and the switch between following and standing still.
import { legend } from '../domain/legend.ts';
import { hasFilter, readPlace } from '../domain/place.ts';
import { useDashboard } from './context.ts';
import { TypedField, WorkloadField } from './filter-fields.tsx';

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
      <label class="field">
        <span>Verdict</span>
        <select
          value={filter.verdict}
          onChange={(event) => places.filter({ verdict: verdictOf(event.currentTarget.value) })}
        >
          <option value="">any</option>
          <option value="allow">allow</option>
          <option value="deny">deny</option>
          <option value="violation">violation</option>
        </select>
      </label>
      {hasFilter(filter) && (
        <button type="button" class="button" onClick={() => places.clearFilter()}>
          Clear
        </button>
      )}
      <div class="space" />
      {isLive.value && (
        <label class="switch" title="L">
          <input
            type="checkbox"
            role="switch"
            checked={follow}
            aria-checked={follow}
            onChange={() => places.go({ follow: !follow })}
          />
          <i aria-hidden="true" />
          <span>Follow</span>
        </label>
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
