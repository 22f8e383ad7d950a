// Every error code that hostd, its API and the CLI can show, with its HTTP status, its meaning and its remedy.
// docs/errors.md is held against this list by a test.

export interface ErrorCodeEntry {
  /** HTTP status of the Problem that carries it; 0 where it never crosses the API. */
  http: number;
  means: string;
  remedy: string;
}

export const errorCodes = {
  bad_request: {
    http: 400,
    means: 'A parameter of the request is not what the API takes; `field` names it.',
    remedy: 'Correct the parameter; `GET /api/v1/openapi.json` says what is allowed.',
  },
  bad_cursor: {
    http: 400,
    means: 'The cursor was not made by this API, or for another query.',
    remedy: 'Start again without `cursor`.',
  },
  unauthorized: {
    http: 401,
    means: 'The browser has no valid session, or the token is not valid.',
    remedy:
      'Run `vmoat web-login` on the host and open the address it prints, or make a token: `vmoat token create`.',
  },
  bootstrap_refused: {
    http: 401,
    means: 'The one-time secret was used already, has expired, or never existed.',
    remedy: 'Run `vmoat web-login` for a new one.',
  },
  forbidden: {
    http: 403,
    means:
      'The role or the scopes do not suffice, or only the Unix socket takes it, or it comes from a foreign web page.',
    remedy: 'Use the `vmoat` command on the host, as root where the hint says so, or a token of that role.',
  },
  not_found: {
    http: 404,
    means: 'There is no such path, flow, incident or NIC.',
    remedy: '`GET /api/v1/openapi.json` lists the paths.',
  },
  workload_unknown: {
    http: 404,
    means: 'No workload has this UUID, id or name.',
    remedy: '`vmoat vm list` lists them; the hint names the nearest.',
  },
  name_ambiguous: {
    http: 409,
    means: 'Several workloads match what was given.',
    remedy: 'Use the UUID; the hint lists the candidates.',
  },
  method_not_allowed: {
    http: 405,
    means: 'The path exists, but not with this method.',
    remedy: '`GET /api/v1/openapi.json` lists the methods.',
  },
  body_too_large: {
    http: 413,
    means: 'The body of the request is larger than the API takes.',
    remedy: 'Send less than 16 KiB; a policy may have 8 MiB.',
  },
  rate_limited: {
    http: 429,
    means: 'Too many requests from this client.',
    remedy: 'Wait for the seconds in `Retry-After`.',
  },
  too_many_streams: {
    http: 503,
    means: 'As many live streams are open as the daemon serves at once.',
    remedy: 'Close a page or an ending `vmoat flows -f`.',
  },
  history_unavailable: {
    http: 503,
    means: 'The flow history cannot be read or written.',
    remedy: 'See the journal of vmoat-hostd: a full disk or wrong rights of the state directory are usual.',
  },
  name_taken: {
    http: 409,
    means: 'The name is taken already.',
    remedy: 'Use another one, or remove what has it.',
  },
  export_running: {
    http: 409,
    means: 'This export runs already.',
    remedy: 'Wait for its end: `vmoat export list` shows it.',
  },
  audit_failed: {
    http: 503,
    means: 'The audit log cannot be written; what was asked for may have been done all the same.',
    remedy: 'See whether the disk of the state directory is full, then look whether the change is there.',
  },
  internal: {
    http: 500,
    means: 'The daemon failed where it should not; the journal has the cause.',
    remedy: 'Report it with the lines of `journalctl -u vmoat-hostd` around it.',
  },
  config_unreadable: {
    http: 0,
    means: 'The configuration file cannot be read.',
    remedy: 'Check its path and its rights.',
  },
  config_syntax: {
    http: 0,
    means: 'The configuration file is not YAML.',
    remedy: 'Correct the line that the message names.',
  },
  config_unknown_key: {
    http: 0,
    means: 'A key of the configuration does not exist.',
    remedy: 'Use the key that the hint names; docs/configuration.md lists all.',
  },
  config_bad_value: {
    http: 0,
    means: 'A value of the configuration is not allowed.',
    remedy: 'The message says what is.',
  },
  policy_unreadable: {
    http: 0,
    means: 'The policy file cannot be read.',
    remedy: 'Check its path and its rights.',
  },
  policy_syntax: {
    http: 400,
    means: 'The policy is not YAML, or too large.',
    remedy: 'Correct the line that the message names.',
  },
  policy_unknown_key: {
    http: 400,
    means: 'A key of the policy does not exist.',
    remedy: 'Use the key that the hint names; docs/policy.md lists all.',
  },
  policy_bad_value: {
    http: 400,
    means: 'A value of the policy is not allowed, or names what does not exist.',
    remedy: 'The message says what is allowed.',
  },
  policy_conflict: {
    http: 409,
    means: 'The policy was changed since the version that the file is based on.',
    remedy:
      'See what changed (`vmoat policy diff`), bring it into the file, and apply with `--base` of what is live.',
  },
  policy_base_missing: {
    http: 409,
    means: 'Nothing says which version the policy is based on.',
    remedy: 'Say it with `--base`, or begin with the output of `vmoat policy export`.',
  },
  policy_pending: {
    http: 409,
    means: 'A version waits to be confirmed.',
    remedy: '`vmoat policy confirm` or `vmoat policy rollback` first.',
  },
  policy_not_pending: {
    http: 409,
    means: 'No version waits to be confirmed: it was, or its time has run out.',
    remedy: '`vmoat policy log` shows what became of it.',
  },
  policy_version_unknown: {
    http: 404,
    means: 'There is no such version of the policy.',
    remedy: '`vmoat policy log` lists them.',
  },
  group_unknown: {
    http: 404,
    means: 'There is no such group, or nothing proposes it.',
    remedy: '`vmoat group list` lists them; the hint names the nearest.',
  },
  would_cut_off: {
    http: 409,
    means:
      'The change would cut open flows by which somebody manages this host or a VM; nothing has changed.',
    remedy: 'Allow them by a rule or by `failSafePorts`; or insist: `--force`, `"force": true`.',
  },
  policy_store_broken: {
    http: 503,
    means: 'What is kept of the policy cannot be read; hostd does not start with it.',
    remedy: 'The message names the file, the hint the last good copy.',
  },
  policy_store_failed: {
    http: 503,
    means: 'The change could not be written; nothing has changed.',
    remedy: 'See the journal of vmoat-hostd: a full disk or wrong rights of the state directory are usual.',
  },
  tokens_broken: {
    http: 0,
    means: 'The file of API tokens cannot be read.',
    remedy: 'Restore the file that the message names, or move it away and make the tokens again.',
  },
  listen_failed: {
    http: 0,
    means: 'A socket or address that hostd should serve cannot be opened.',
    remedy: 'See whether another vmoat-hostd runs, and the rights of the directory.',
  },
  certificate_failed: {
    http: 0,
    means: 'The TLS certificate or key cannot be made or read.',
    remedy: 'Install openssl, or name existing files with `tls.certificate` and `tls.key`.',
  },
  daemon_unreachable: {
    http: 0,
    means: 'The CLI reaches no vmoat-hostd.',
    remedy:
      'Start it (`systemctl start vmoat-hostd`, `npm start` in a checkout) or name its socket with `--socket`.',
  },
  socket_denied: {
    http: 0,
    means: 'The user may not use the socket of vmoat-hostd.',
    remedy: 'Be in group vmoat (`sudo usermod -aG vmoat $USER`, then log in again) or be root.',
  },
  bad_answer: {
    http: 0,
    means: 'What answered on the socket is not a vmoat-hostd of this version.',
    remedy: 'Restart vmoat-hostd after an upgrade; check `--socket`.',
  },
  root_needed: {
    http: 0,
    means: 'Only root may do this.',
    remedy: 'Run it with sudo.',
  },
  not_confirmed: {
    http: 0,
    means: 'What was asked for was not confirmed; nothing was done.',
    remedy: 'Answer the question as it says, or add `--yes` where nobody can be asked.',
  },
  nothing_enforced: {
    http: 0,
    means: 'vmoat-dp has pinned nothing on this host: nothing is dropped or held by vmoat.',
    remedy:
      'Look elsewhere for what drops: `vmoat doctor`. Other pins than the usual ones are named by `--pins`.',
  },
  panic_failed: {
    http: 0,
    means: 'The pinned map that panic is written to cannot be used.',
    remedy: '`vmoat-dp --restore` takes everything of vmoat’s off this host.',
  },
  usage: {
    http: 0,
    means: 'The command line is wrong.',
    remedy: 'Add `--help` to the command.',
  },
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof errorCodes;
