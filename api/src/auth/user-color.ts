const saturation = 0.55;
/** Dark enough for large white text on it (WCAG 2.2, 1.4.3: a contrast of 3). */
const lightness = 0.38;

/** The colour a user begins with, `#rrggbb`: a hue drawn from the id, so always the same for one user. */
export function userColor(userId: string): string {
  const hue = Number.parseInt(userId.slice(0, 8), 16) % 360;
  return `#${[0, 8, 4].map((offset) => channel(hue, offset)).join('')}`;
}

/** One of red (0), green (8) and blue (4). @see CSS Color Module Level 4, section 7.1 (HSL to RGB) */
function channel(hue: number, offset: number): string {
  const k = (offset + hue / 30) % 12;
  const amplitude = saturation * Math.min(lightness, 1 - lightness);
  const value = lightness - amplitude * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  return Math.round(255 * value)
    .toString(16)
    .padStart(2, '0');
}
