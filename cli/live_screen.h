/* SPDX-License-Identifier: Apache-2.0 */
/* How a terminal gets a picture that takes the place of the one before.
 *
 * The cursor stands in the line below the picture. Drawing moves up as many rows as the last picture takes now, writes
 * each line over the old one and clears what is left of it. Nothing may wrap, since a wrapped line would break the
 * counting: lines are cut to the width, and while drawing the terminal is told not to wrap, in case it counts a
 * character's columns otherwise than the C library. A terminal that became narrower has wrapped the old picture itself;
 * that is reckoned with. What was shown above stays. Pure. */
#pragma once

#include "common/base/buf.h"

struct live_screen {
        unsigned *widths; /* of the last picture's lines, in columns */
        size_t line_count;
};

void live_screen_done(struct live_screen *s);
/* What is drawn next starts anew, at the cursor. */
void live_screen_forget(struct live_screen *s);
/* Appends what brings `picture` (`rows` lines that end in "\n", with styles) onto a terminal that is `columns` wide now
 * (0: not known). 0 or -errno. */
int live_screen_put(struct live_screen *s, const char *picture, unsigned rows, unsigned columns, struct buf *out);
