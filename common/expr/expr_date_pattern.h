/* SPDX-License-Identifier: Apache-2.0 */
/* What formatting and parsing share of date patterns: cutting one into its items. */
#pragma once

#include <stdbool.h>

#define PATTERN_FRACTION "\1"   /* ".123", as many digits as there are */
#define PATTERN_REGION "\2"     /* "[Europe/Paris]" when the zone has a name */
#define PATTERN_WEEK "\3"       /* "2024-W07-1" */
#define PATTERN_RFC_OFFSET "\4" /* "GMT" or "+0100" */
#define PATTERN_UTC "\5"        /* first of all: the date is read in UTC */

#define PATTERN_COUNT_MAX 19 /* the same letter in a row */

struct pattern_item {
        char letter; /* '\0': plain text */
        const char *text;
        int count; /* letters in a row, or bytes of text */
};

/* The next item at *pattern, which moves behind it; false at the end, or with *ret_why set when the pattern is wrong
 * (or was set already). */
bool pattern_next(const char **pattern, struct pattern_item *ret, const char **ret_why);
