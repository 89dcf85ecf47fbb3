/**
 * jest's setup of each test file: all property tests draw from one seed, so that two runs of the same code judge the same
 * inputs. `FC_SEED=7 npm test` draws others.
 */
import fc from 'fast-check';

const seed = Number(process.env['FC_SEED'] || 20_261_124);
if (!Number.isSafeInteger(seed)) throw new TypeError(`FC_SEED is ${process.env['FC_SEED']}; it must be an integer.`);

fc.configureGlobal({ seed });
