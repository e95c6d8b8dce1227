/* SPDX-License-Identifier: Apache-2.0 */
/* Text for people: restrained colour, columns that line up, and nothing that a message or a task wrote may steer the
 * terminal. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/buf.h"
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

enum style style_of_state(enum run_state state);
enum style style_of_level(int level); /* syslog */
const char *level_name(int level);    /* "INFO"; as Kestra names them where it does */

/* Appends `text` with the style around it when `colour`. */
int style_put(struct buf *b, bool colour, enum style style, const char *text, size_t len);

/* Appends text with control characters shown as \n, \t, \x1b, and bytes that are not UTF-8 as U+FFFD. */
int clean_put(struct buf *b, const char *text, size_t len);
/* How many columns clean text takes: code points, wide ones (East Asian, emoji) twice. */
size_t text_columns(const char *text, size_t len);

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
