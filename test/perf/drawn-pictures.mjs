/** Pictures as SVG that differ by their seed. @typedef {{ width: number, height: number, seed: number }} Sheet */

/** @param {Sheet} sheet @param {string} content */
const svg = ({ width, height }, content) =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`);
const repeated = (count, make) => Array.from({ length: count }, (_, i) => make(i)).join('');
/** A number from 0 to 1 that looks drawn by lot. @param {number} seed @param {number} i */
const lot = (seed, i) => Math.abs(Math.sin(seed * 12.9898 + i * 78.233) * 43758.5453) % 1;

/** Lamps in the dark, with a glow, on about a hundredth of the picture. @param {Sheet} sheet */
export function lights(sheet) {
  const { width, height, seed } = sheet;
  const side = Math.min(width, height);
  const glow =
    '<radialGradient id="g"><stop stop-color="#fc8" stop-opacity="0.5"/><stop offset="1" stop-color="#fc8" stop-opacity="0"/></radialGradient>';
  const lamp = (i) => {
    const place = `cx="${width * lot(seed, i)}" cy="${height * lot(seed, i + 50)}"`;
    return `<circle ${place} r="${side * 0.06}" fill="url(#g)"/><circle ${place} r="${side * 0.02}" fill="#fff4d8"/>`;
  };
  return svg(sheet, `<defs>${glow}</defs>${repeated(9, lamp)}`);
}

/** Dark lines on white. @param {Sheet} sheet */
export function drawing(sheet) {
  const { width, height, seed } = sheet;
  const point = (i) => `${width * (0.1 + 0.8 * lot(seed, i))} ${height * (0.1 + 0.8 * lot(seed, i + 9))}`;
  const curve = (i) =>
    `<path d="M${point(i)} Q${point(i + 20)} ${point(i + 40)}" fill="none" stroke="#222" stroke-width="${2 + (i % 3)}"/>`;
  return svg(sheet, `<rect width="100%" height="100%" fill="#fff"/>${repeated(4 + (seed % 8), curve)}`);
}

/** Lines of words, as boxes, since fonts differ between machines. @param {Sheet} sheet */
export function page(sheet) {
  const { width, height, seed } = sheet;
  const lines = Math.floor(height / 24);
  const words = (line) =>
    repeated(Math.floor(width / 60), (i) => {
      const [x, long] = [20 + i * 60, 15 + 35 * lot(seed, line * 31 + i)];
      return x + long > width - 20
        ? ''
        : `<rect x="${x}" y="${line * 24 + 8}" width="${long}" height="6" fill="#333"/>`;
    });
  return svg(sheet, `<rect width="100%" height="100%" fill="#fffefa"/>${repeated(lines, words)}`);
}

/** A window with a bar, panels and rows. @param {Sheet} sheet @param {boolean} isDark */
export function screenshot(sheet, isDark) {
  const { width, height, seed } = sheet;
  const [paper, panel, ink] = isDark ? ['#1b1d21', '#24272c', '#c8ccd2'] : ['#ffffff', '#f1f3f5', '#2b2f33'];
  const row = (i) =>
    `<rect x="${width * 0.25}" y="${50 + i * 22}" width="${width * (0.2 + 0.4 * lot(seed, i))}" height="7" fill="${ink}"/>`;
  return svg(
    sheet,
    `<rect width="100%" height="100%" fill="${paper}"/><rect width="20%" height="100%" fill="${panel}"/>` +
      `<rect width="100%" height="30" fill="#3567c6"/>${repeated(Math.floor((height - 60) / 22), row)}`,
  );
}
