// Writes every file of a folder (web/dist, the argument) as the C table of src/controllers/page_assets.h, on standard
// output. Bytes stand as string literals with octal escapes: a compiler reads those far faster than arrays of numbers.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

const CONTENT_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};
const BYTES_A_LINE = 28;

// Every file below a folder, without those whose name starts with a dot.
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.'))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]));
}

// The bytes as lines of C string literals.
function literal(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE) {
    const line = [...bytes.subarray(at, at + BYTES_A_LINE)].map((byte) => '\\' + byte.toString(8).padStart(3, '0'));
    lines.push(`    "${line.join('')}"`);
  }
  return lines.join('\n');
}

function asset(root, file) {
  const type = CONTENT_TYPES[extname(file)];
  if (!type) {
    console.error(`${file}:1: tools/embed_page.mjs knows no content type for this file`);
    process.exit(1);
  }
  const plain = readFileSync(file);
  const path = '/' + relative(root, file);
  return {
    path,
    type,
    gzip: gzipSync(plain, { level: 9 }),
    plainBytes: plain.length,
    etag: createHash('sha256').update(plain).digest('hex').slice(0, 24),
    immutable: path.startsWith('/assets/'),
  };
}

const root = process.argv[2];
const assets = filesBelow(root).map((file) => asset(root, file));
if (!assets.some((each) => each.path === '/index.html')) {
  console.error(`${root}:1: there is no index.html; was the page built?`);
  process.exit(1);
}
assets.sort((a, b) => (a.path < b.path ? -1 : 1));

const bodies = assets.map((each, i) => `static const unsigned char body_${i}[] =\n${literal(each.gzip)};`);
const rows = assets.map((each, i) => {
  const sizes = `${each.gzip.length}, ${each.plainBytes}`;
  return `    {"${each.path}", "${each.type}", body_${i}, ${sizes}, "\\"${each.etag}\\"", ${each.immutable}},`;
});
console.log(`// Written by tools/embed_page.mjs; not for editing.
#include "controllers/page_assets.h"

${bodies.join('\n')}

const PageAsset page_assets[] = {
${rows.join('\n')}
};
const size_t page_asset_count = ${assets.length};`);
