/* SPDX-License-Identifier: Apache-2.0 */
/* Text for people: restrained colour, columns that line up, and nothing that a message or a task wrote may steer the
 * terminal. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/clean.h"
#include "common/flow/state.h"

enum style {
        STYLE_PLAIN,
        STYLE_BOLD,
        STYLE_DIM,
        STYLE_GOOD,
        STYLE_WARNING,
        STYLE_BAD,
        STYLE_BUSY,
};

/* Colour on a terminal, unless NO_COLOR is set to something (no-color.org) or TERM is "dumb". */
bool terminal_has_colour(FILE *file);
/* Columns of the terminal that stdout is; 0 when it is none. */
unsigned terminal_columns(void);

/* What something is drawn for: a terminal of that size, or a file. */
struct canvas {
        unsigned columns, rows; /* 0: no limit */
        bool colour;
        bool utf8;              /* else only ASCII is drawn */
};
/* Of stdout, as it is now. */
struct canvas terminal_canvas(void);
/* Whether stdout is a terminal on which something can be drawn again and again. */
bool terminal_is_live(void);
/* Whether a terminal with these variables shows UTF-8; NULL or "": not set. Pure. */
bool locale_is_utf8(const char *lc_all, const char *lc_ctype, const char *lang);

enum style style_of_state(enum run_state state);
const char *state_sign(enum run_state state, bool utf8); /* one column: "✔" */
enum style style_of_level(int level); /* syslog */
const char *level_name(int level);    /* "INFO"; as Kestra names them where it does */

/* Appends `text` with the style around it when `colour`. */
int style_put(struct buf *b, bool colour, enum style style, const char *text, size_t len);

/* How many columns clean text takes: code points, wide ones (East Asian, emoji) twice, combining ones not at all. */
size_t text_columns(const char *text, size_t len);
/* Appends text, cleaned and cut to `columns`, with an ellipsis for what is left out; `padded`: filled up with blanks. */
int fit_put(struct buf *b, const struct canvas *canvas, const char *text, size_t len, size_t columns, bool padded);

/* --- tables ---------------------------------------------------------------------------------------------------------- */

struct table_column {
        const char *title;
        bool right;  /* align numbers right */
};

struct table;

#define TABLE_COLUMNS_MAX 16

/* `columns` is borrowed for the table's life. NULL: out of memory. */
struct table *table_new(const struct table_column *columns, size_t count);
struct table *table_free(struct table *t);
DEFINE_CLEANUP(struct table *, table_free)
/* The next cell, from left to right and row by row; copied and cleaned; NULL is an empty one. 0 or -ENOMEM. */
int table_add(struct table *t, enum style style, const char *text);
/* Appends titles and rows, columns two blanks apart, no blanks at the ends of lines. The last column is cut at `width`
 * columns; 0: never. */
int table_write(const struct table *t, struct buf *out, bool colour, unsigned width);
/* To stdout. */
void table_print(const struct table *t);
