import { expect, it } from '@jest/globals';
import { parse } from 'content-disposition';
import { dispositionOf } from './disposition.js';

it.each([
  ['image/png', 'photo.png', 'photo.png'],
  ['image/png', 'PHOTO.PNG', 'PHOTO.PNG'],
  ['image/jpeg', 'photo.jpeg', 'photo.jpeg'],
  ['image/png', 'photo', 'photo.png'],
  ['image/png', 'photo.jpg', 'photo.jpg.png'],
  ['image/png', 'setup.exe', 'setup.exe.png'],
  ['image/png', 'page.html', 'page.html.png'],
  ['image/png', 'setup.exe.', 'setup.exe.png'],
  ['image/png', 'setup.exe . .', 'setup.exe.png'],
  // Shown as exe.png by whatever honours the override.
  ['image/png', 'gnp.\u202eexe', 'gnp.exe.png'],
  ['image/png', 'a\u200eb\u2066c\u200b\ufeff.png', 'abc.png'],
  ['image/png', 'a\r\nSet-Cookie: x\0.png', 'aSet-Cookie: x.png'],
  ['image/png', 'a\ud800b.png', 'ab.png'],
  ['image/png', '../../etc/passwd', 'passwd.png'],
  ['image/png', 'C:\\x\\y.png', 'y.png'],
  ['image/png', 'Übung \u{1f600}.png', 'Übung \u{1f600}.png'],
  ['image/png', '.png', '.png'],
])('shows a file of %s with the name %j as %j', (type, name, expected) => {
  expect(parse(dispositionOf(type, name))).toMatchObject({ type: 'inline', parameters: { filename: expected } });
});

it.each([
  ['text/csv; charset=utf-8', 'data.csv', 'data.csv'],
  ['text/csv', 'data.exe', 'data.exe.csv'],
  ['text/plain; charset=utf-8', 'log of a\r\nb.zip', 'log of ab.zip.txt'],
])('saves a file of %s with the name %j as %j', (mediaType, name, expected) => {
  const { type, parameters } = parse(dispositionOf(mediaType, name));
  expect([type, parameters.filename]).toEqual(['attachment', expected]);
});

it('keeps the extension of a file that is saved and not shown', () => {
  const { type, parameters } = parse(dispositionOf('application/octet-stream', 'scan.dcm\u202e'));
  expect([type, parameters.filename]).toEqual(['attachment', 'scan.dcm']);
});

it.each([undefined, '', '\u202e', '...', 'a/'])('returns no file name for %j', (name) => {
  expect(dispositionOf('image/png', name)).toBe('inline');
});

it('shortens a long name and keeps its extension', () => {
  const { parameters } = parse(dispositionOf('image/png', `${'a'.repeat(5000)}.png`));
  expect(parameters.filename).toBe(`${'a'.repeat(200)}.png`);
});
