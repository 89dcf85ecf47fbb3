import type { Section } from './bench.ts';
import { fanOut } from './fan-out/fan-out-section.ts';

/** In the order in which they are measured and shown, after `streams`. */
export const sections: readonly Section[] = [fanOut];
