// The benchmarks. A new one is one file and one line here.
import { arrive } from './arrive.ts';
import { decode } from './decode.ts';
import { engine } from './engine.ts';
import { observe } from './observe.ts';
import { pcap } from './pcap.ts';
import { policy } from './policy.ts';
import { protect } from './protect.ts';
import type { Bench } from './row.ts';

export const benches: readonly Bench[] = [observe, protect, arrive, engine, pcap, decode, policy];
