// The page as embedded in the binary: every file of web/dist, compressed, made into C by tools/embed_page.mjs.
// Constant from start to end, so any thread may read it.
#ifndef FOYER_CONTROLLERS_PAGE_ASSETS_H
#define FOYER_CONTROLLERS_PAGE_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

// One file of the page. Only its gzip form is kept; who cannot read that gets it inflated.
typedef struct PageAsset {
  const char *path;           // where it is served, e.g. "/assets/index-4f3a.js"; the page itself is "/index.html"
  const char *content_type;   // with charset where it is text
  const unsigned char *gzip;  // the gzip stream (RFC 1952), level 9
  size_t gzip_bytes;          // length of gzip
  size_t plain_bytes;         // length once inflated
  const char *etag;           // with its quotes; changes when the file does (RFC 9110 8.8.3)
  bool immutable;             // the path holds the file's hash (/assets/), so it may be cached for ever
} PageAsset;

extern const PageAsset page_assets[];  // in the order of strcmp() of their paths
extern const size_t page_asset_count;  // rows of page_assets[]; 0 when the page was not built

#endif
