/* SPDX-License-Identifier: Apache-2.0 */
/* Java's regular expressions as far as POSIX's extended ones can say the same; what they cannot say is refused, never
 * read differently. */
#pragma once

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#define REGEX_GROUPS_MAX 10

struct expr_regex {
        regex_t compiled;
        bool set;
};
#define EXPR_REGEX_INIT ((struct expr_regex){ .set = false })
void expr_regex_done(struct expr_regex *r);

/* 0; -EBADMSG with *ret_error a sentence (owned); -ENOMEM. */
int expr_regex_compile(struct expr_regex *r, const char *pattern, char **ret_error);

/* The first match in s at or after byte `from`; false when there is none. */
bool expr_regex_find(const struct expr_regex *r, const char *s, size_t len, size_t from,
                     regmatch_t groups[REGEX_GROUPS_MAX]);
