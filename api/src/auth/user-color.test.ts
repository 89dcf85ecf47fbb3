import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { userColor } from './user-color.ts';

describe("a user's colour", () => {
  test('is #rrggbb, always the same for one id', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        expect(userColor(id)).toMatch(/^#[0-9a-f]{6}$/);
        expect(userColor(id)).toBe(userColor(id));
      }),
    );
  });

  test('differs between most users', () => {
    const colors = new Set(Array.from({ length: 100 }, () => userColor(crypto.randomUUID())));
    expect(colors.size).toBeGreaterThan(70);
  });

  test('carries white text with a contrast of 3 at least, whatever the hue', () => {
    for (let hue = 0; hue < 360; hue += 1) {
      const color = userColor(`${hue.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`);
      expect(1.05 / (luminance(color) + 0.05)).toBeGreaterThan(3);
    }
  });
});

/** @see WCAG 2.2, "relative luminance" */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
