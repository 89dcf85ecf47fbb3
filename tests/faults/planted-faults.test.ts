import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../../dev/prepare.mjs';
import { plantedFaults } from './planted-faults.mjs';

test.each(plantedFaults)('“$name” can be planted in the product as it is now', ({ patches }) => {
  for (const { file, find } of patches) expect(readFileSync(join(ROOT, file), 'utf8')).toContain(find);
});
