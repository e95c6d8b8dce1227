/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a verb: a table of what each is called and where its value goes. Every verb reads its command line by it,
 * so that what is wrong is said the same way everywhere. -h and --help never come here: main.c answers them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"

struct option_row {
        const char *name; /* without "--"; NULL ends the table */
        char letter;      /* of the short one; 0: none */

        /* One of them says what the option takes; nothing but `flag` means that it takes no value. */
        bool *flag;
        const char **text;       /* borrowed from argv */
        int64_t *number;         /* from `min` to `max` */
        int (*take)(const char *verb, void *userdata, const char *value); /* 0; or an exit code, after complaining */

        int64_t min, max;
        void *userdata;          /* of `take` */
};

/* What is no option, wherever it stood; borrowed from argv. */
struct arguments {
        char **items;
        int count;
};

/* Reads the options; the last of several counts. 0; or EXIT_WRONG (or what `take` returned), after complaining. */
int options_read(const char *verb, const struct option_row *rows, int argc, char **argv, struct arguments *ret) _must_check_;
/* 0 when there are no more arguments than that; else EXIT_WRONG, after complaining. */
int arguments_end(const char *verb, const struct arguments *a, int most) _must_check_;
/* The only argument; `missing` is said when there is none. 0 or EXIT_WRONG, after complaining. */
int arguments_one(const char *verb, const struct arguments *a, const char *missing, const char **ret) _must_check_;
