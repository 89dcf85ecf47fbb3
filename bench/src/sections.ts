import type { Section } from './bench.ts';
import { fanOut } from './fan-out/fan-out-section.ts';
import { filters } from './filters/filters-section.ts';
import { growth } from './growth/growth-section.ts';
import { drain } from './kafka/drain-section.ts';
import { memory } from './memory/memory-section.ts';
import { mutations } from './mutations/mutations-section.ts';
import { storm } from './storm/storm-section.ts';
import { writes } from './writes/writes-section.ts';

/** In the order in which they are measured and shown, after `streams`: the disk has to get over what `growth` writes. */
export const sections: readonly Section[] = [fanOut, filters, writes, mutations, memory, storm, drain, growth];
