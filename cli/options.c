/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "common/base/text.h"

#define ROWS_MAX 32
#define FIRST_WITHOUT_LETTER 256 /* what getopt_long() answers for the row of that number, and those behind it */

/* The table in getopt's two languages. */
struct spelled {
        struct option names[ROWS_MAX + 1];
        char letters[2 * ROWS_MAX + 2];
        size_t count;
};

static bool takes_value(const struct option_row *row) {
        return !row->flag;
}

static int code_of(const struct option_row *rows, size_t i) {
        return rows[i].letter ? rows[i].letter : FIRST_WITHOUT_LETTER + (int)i;
}

static struct spelled spell(const struct option_row *rows) {
        struct spelled s = { .letters = ":" }; /* a missing value is told from an unknown option */
        char *letter = s.letters + 1;

        for (; rows[s.count].name && s.count < ROWS_MAX; s.count++) {
                const struct option_row *row = &rows[s.count];

                s.names[s.count] = (struct option){ row->name, takes_value(row) ? required_argument : no_argument, NULL,
                                                    code_of(rows, s.count) };
                if (row->letter) {
                        *letter++ = row->letter;
                        if (takes_value(row))
                                *letter++ = ':';
                }
        }
        return s;
}

static const struct option_row *row_of(const struct option_row *rows, int code) {
        for (size_t i = 0; rows[i].name; i++)
                if (code_of(rows, i) == code)
                        return &rows[i];
        return NULL;
}

/* --- what is wrong --------------------------------------------------------------------------------------------------- */

/* "--nmae", "--na" which is the beginning of several, or what is no option at all. */
static int complain_name(const char *verb, const char *given, const struct spelled *s) {
        _cleanup_free_ char *name = text_dup_n(given, strcspn(given, "="));
        const char *known[ROWS_MAX + 1], *begun[2] = { NULL };
        size_t count = 0, begun_count = 0;

        if (!name)
                return complain(verb, EXIT_FAILED, "out of memory");
        for (; count < s->count; count++) {
                known[count] = s->names[count].name;
                if (text_after(known[count], name) && begun_count < 2)
                        begun[begun_count++] = known[count];
        }
        if (begun_count == 2)
                return complain_usage(verb, "--%s may be --%s or --%s", name, begun[0], begun[1]);
        known[count++] = "help";
        return complain_unknown(verb, "option", name, known, count);
}

static int complain_option(const char *verb, const struct option_row *rows, const struct spelled *s, char **argv) {
        const struct option_row *row = optopt ? row_of(rows, optopt) : NULL;

        if (row)
                return complain_usage(verb, "--%s takes no value", row->name);
        if (optopt)
                return complain_usage(verb, "there is no option '-%c'", optopt);
        return complain_name(verb, argv[optind - 1] + strspn(argv[optind - 1], "-"), s);
}

static int complain_number(const char *verb, const struct option_row *row, const char *value) {
        if (row->max == INT64_MAX)
                return complain_usage(verb, "--%s: '%s' is not a number from %" PRId64 " on", row->name, value, row->min);
        return complain_usage(verb, "--%s: '%s' is not a number from %" PRId64 " to %" PRId64, row->name, value, row->min,
                              row->max);
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

static int read_one(const char *verb, const struct option_row *row, const char *value) {
        if (row->flag)
                *row->flag = true;
        else if (row->text)
                *row->text = value;
        else if (row->take)
                return row->take(verb, row->userdata, value);
        else if (text_to_i64(value, row->min, row->max, row->number) < 0)
                return complain_number(verb, row, value);
        return 0;
}

int options_read(const char *verb, const struct option_row *rows, int argc, char **argv, struct arguments *ret) {
        struct spelled s = spell(rows);
        int code, r = 0;

        opterr = 0;
        optind = 0; /* anew, whatever was read before */
        while (r == 0 && (code = getopt_long(argc, argv, s.letters, s.names, NULL)) >= 0) {
                if (code == ':')
                        r = complain_usage(verb, "--%s wants a value", row_of(rows, optopt)->name);
                else if (code == '?')
                        r = complain_option(verb, rows, &s, argv);
                else
                        r = read_one(verb, row_of(rows, code), optarg);
        }
        if (r == 0)
                *ret = (struct arguments){ argv + optind, argc - optind };
        return r;
}

/* --- arguments ------------------------------------------------------------------------------------------------------- */

int arguments_end(const char *verb, const struct arguments *a, int most) {
        return a->count > most ? complain_usage(verb, "unexpected argument '%s'", a->items[most]) : 0;
}

int arguments_one(const char *verb, const struct arguments *a, const char *missing, const char **ret) {
        int r = a->count == 0 ? complain_usage(verb, "%s", missing) : arguments_end(verb, a, 1);

        if (r == 0)
                *ret = a->items[0];
        return r;
}
