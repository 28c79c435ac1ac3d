// The modules by libqrencode, the picture (PNG, ISO/IEC 15948) by zlib: one bit a pixel, two colours of grey.
#include "core/qr_png.h"

#include <qrencode.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

enum { QUIET_MODULES = 4 };

static void add_u32(Text *out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) text_char(out, (char)(value >> shift & 0xff));
}

static void add_chunk(Text *png, const char type[4], Str bytes) {
  add_u32(png, (uint32_t)bytes.length);
  size_t begin = png->length;
  text_add(png, (Str){type, 4});
  text_add(png, bytes);
  uLong sum = crc32(0, (const Bytef *)png->at + begin, (uInt)(png->length - begin));
  add_u32(png, (uint32_t)sum);
}

static bool is_dark(const QRcode *code, unsigned x, unsigned y) {
  unsigned width = (unsigned)code->width;
  if (x < QUIET_MODULES || y < QUIET_MODULES || x >= width + QUIET_MODULES || y >= width + QUIET_MODULES) return false;
  return (code->data[(y - QUIET_MODULES) * width + (x - QUIET_MODULES)] & 1) != 0;
}

// One line of pixels: a byte that names its filter (none), then eight pixels a byte, a set bit is white.
static void draw_line(unsigned char *line, const QRcode *code, unsigned scale, unsigned side, unsigned y) {
  for (unsigned x = 0; x < side; x++) {
    if (!is_dark(code, x / scale, y / scale)) line[1 + x / 8] |= (unsigned char)(0x80 >> x % 8);
  }
}

static Str compressed(Arena *arena, Str bytes) {
  uLongf length = compressBound(bytes.length);
  char *out = arena_alloc(arena, length);
  if (compress2((Bytef *)out, &length, (const Bytef *)bytes.at, bytes.length, Z_BEST_COMPRESSION) != Z_OK)
    return (Str){0};
  return (Str){out, length};
}

static Str picture(Arena *arena, const QRcode *code, unsigned scale) {
  unsigned side = ((unsigned)code->width + 2 * QUIET_MODULES) * scale;
  unsigned line_bytes = 1 + (side + 7) / 8;
  unsigned char *lines = arena_alloc(arena, (size_t)line_bytes * side);
  for (unsigned y = 0; y < side; y++) draw_line(lines + (size_t)y * line_bytes, code, scale, side, y);
  Text head = {.arena = arena};
  add_u32(&head, side);
  add_u32(&head, side);
  text_add(&head, (Str){"\1\0\0\0\0", 5});  // one bit, grey, the usual methods
  Text png = {.arena = arena};
  text_add(&png, STR("\x89PNG\r\n\x1a\n"));
  add_chunk(&png, "IHDR", text_str(&head));
  add_chunk(&png, "IDAT", compressed(arena, (Str){(const char *)lines, (size_t)line_bytes * side}));
  add_chunk(&png, "IEND", (Str){0});
  return text_str(&png);
}

Str qr_png(Arena *arena, Str text, unsigned scale) {
  QRcode *code = QRcode_encodeString8bit(str_zero(arena, text), 0, QR_ECLEVEL_M);
  if (code == NULL) return (Str){0};
  Str png = picture(arena, code, scale);
  QRcode_free(code);
  return png;
}
