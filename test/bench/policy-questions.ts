// What the policy's benchmark asks: rules as people write them among 1,000 VMs, and flows between these.
import { type CompiledPolicy, type PolicyQuestion, PolicyQuestions } from '../../dp/client/policy.ts';
import type { PolicyRule, PolicyTables } from '../../dp/contract/policy.ts';

const VMS = 1_000;
const SERVICES = 100;
export const QUESTIONS = 1_000_000;
const APPLICATIONS = ['http', 'tls/https', 'postgresql', 'ssh', 'dns'] as const;
const TCP = 6;

/** The same numbers in every run (Numerical Recipes' generator). */
export function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const groupOfVm = (vm: number) => 3 + vm;
const groupOfService = (service: number) => 3 + VMS + service;

/** Ends of rules as people write them: most between services, some of a single VM, a few of anybody. */
function end(random: (below: number) => number): number {
  const kind = random(20);
  if (kind === 0) return 0;
  return kind < 8 ? groupOfVm(random(VMS)) : groupOfService(random(SERVICES));
}

function ruleOf(index: number, random: (below: number) => number, from: number, to: number): PolicyRule {
  const port = 1 + random(20_000);
  const ports = [`tcp/${port}`, `tcp/${port}-${port + random(2_000)}`, `udp/${port}`, 'icmp/8', 'tcp'];
  return {
    number: index + 1,
    id: `rule-${index + 1}`,
    from,
    to,
    applications: random(3) === 0 ? [APPLICATIONS[random(APPLICATIONS.length)] ?? 'http'] : [],
    ports: random(8) === 0 ? [] : [ports[random(ports.length)] ?? 'any'],
    action: random(5) === 0 ? 'deny' : 'allow',
    learned: false,
  };
}

/** 1,000 VMs, each by itself and in some services. */
function tablesOf(rules: PolicyRule[], services: number, servicesOf: (vm: number) => number[]): PolicyTables {
  const names = ['any', 'host', 'external'];
  for (let vm = 0; vm < VMS; vm++) names.push(`vm.${vm}`);
  for (let service = 0; service < services; service++) names.push(`svc.${service}`);
  return {
    generation: 1,
    groups: names.map((name, i) => ({
      name,
      mode: i < 3 ? null : 'monitor',
      failPolicy: 'open',
      addresses: [],
      fqdn: [],
    })),
    rules,
    nics: Array.from({ length: VMS }, (_, vm) => ({
      tap: `vnet${vm}`,
      mac: '',
      nic: `${vm}`,
      groups: [0, groupOfVm(vm), ...servicesOf(vm).map(groupOfService)],
    })),
    unknown: [0],
    ends: [],
  };
}

/** A hundred services, of which each VM is in two: the more rules, the more of them stand between two VMs. */
export function tables(rules: number): PolicyTables {
  const random = numbers(7);
  const made = Array.from({ length: rules }, (_, index) => ruleOf(index, random, end(random), end(random)));
  return tablesOf(made, SERVICES, (vm) => [vm % SERVICES, random(SERVICES)]);
}

/** The more rules, the more services: two or three rules stand between any two VMs. */
export function evenTables(rules: number): PolicyTables {
  const random = numbers(7);
  const services = Math.floor(Math.sqrt(rules / 2));
  const made = Array.from({ length: rules }, (_, index) => {
    const pair = index % services ** 2;
    return ruleOf(
      index,
      random,
      groupOfService(Math.floor(pair / services)),
      groupOfService(pair % services),
    );
  });
  return tablesOf(made, services, (vm) => [vm % services]);
}

/** An application is known for two of three flows. */
function flows(policy: CompiledPolicy, random: (below: number) => number): () => PolicyQuestion {
  const identities = Array.from({ length: VMS }, (_, vm) => policy.identity({ tap: `vnet${vm}` }));
  const layers = APPLICATIONS.map((name) => policy.layers(name));
  const pick = () => identities[random(VMS)] ?? 0;
  return () => {
    const known = random(3) > 0;
    return {
      from: pick(),
      to: pick(),
      proto: TCP,
      port: 1 + random(20_000),
      layers: known ? (layers[random(layers.length)] ?? []) : [],
      confidence: known ? 'sure' : null,
      applicationFinal: known,
    };
  };
}

/** A million flows; with `distinct` that many different ones, in any order. */
export function questions(policy: CompiledPolicy, distinct: number): PolicyQuestions {
  const random = numbers(11);
  const next = flows(policy, random);
  const usual = Array.from({ length: distinct }, next);
  const asked = new PolicyQuestions(QUESTIONS);
  for (let i = 0; i < QUESTIONS; i++) asked.set(i, usual[random(distinct)] ?? next());
  return asked;
}
