/**
 * sharp, set up once for the whole process; nothing else imports it.
 *
 * Every loader is blocked and six are let in again, so that a new one in a later libvips (or SVG, PDF, and ImageMagick's
 * hundred formats in a system's own build) stays out. No operation cache: it only ratchets memory where no image comes twice.
 * One thread per image: the work is spread over processes.
 */
import sharp from 'sharp';

sharp.cache(false);
sharp.concurrency(1);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadNsgifBuffer',
    'VipsForeignLoadHeifBuffer',
    'VipsForeignLoadTiffBuffer',
  ],
});

export { sharp };
