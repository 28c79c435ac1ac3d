// The two large demo halls, each a file of its own. For demo_halls.c alone.
#ifndef FOYER_MODELS_DEMO_HALLS_LARGE_H
#define FOYER_MODELS_DEMO_HALLS_LARGE_H

#include <stddef.h>

#include "models/demo_halls_pen.h"

// Draws the opera house with `pen`: exactly `seats` seats, of which the last rows of the gallery are as long as is
// left.
void demo_halls_draw_opera(Pen *pen, size_t seats);

// Draws the arena with `pen`: exactly `seats` seats, of which the last row of the upper tier has what is left.
void demo_halls_draw_arena(Pen *pen, size_t seats);

#endif
