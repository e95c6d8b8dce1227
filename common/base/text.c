/* SPDX-License-Identifier: Apache-2.0 */
/* Strings are plain C strings; lengths are passed only where bytes may come from outside. */
#include "common/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define NEAREST_LEN_MAX 64 /* longer words are not worth a guess */

const char *text_after(const char *s, const char *prefix) {
        size_t len = strlen(prefix);

        return strncmp(s, prefix, len) == 0 ? s + len : NULL;
}

bool text_ends_with(const char *s, const char *suffix) {
        size_t len = strlen(s), suffix_len = strlen(suffix);

        return len >= suffix_len && strcmp(s + len - suffix_len, suffix) == 0;
}

char *text_dup(const char *s) {
        return s ? strdup(s) : NULL;
}

char *text_dup_n(const char *s, size_t len) {
        char *copy = malloc(len + 1);

        if (!copy)
                return NULL;
        if (len > 0)
                memcpy(copy, s, len);
        copy[len] = '\0';
        return copy;
}

char *text_printf(const char *fmt, ...) {
        char *s;
        va_list ap;
        int n;

        va_start(ap, fmt);
        n = vasprintf(&s, fmt, ap);
        va_end(ap);
        return n < 0 ? NULL : s;
}

int text_replace(char **p, const char *s) {
        char *copy = text_dup(s);

        if (s && !copy)
                return -ENOMEM;
        free(*p);
        *p = copy;
        return 0;
}

/* strtoll would also take white space, a plus sign and an empty string. */
int text_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret) {
        const char *digits = s[0] == '-' ? s + 1 : s;
        long long n;

        if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
                return -EINVAL;
        errno = 0;
        n = strtoll(s, NULL, 10);
        if (errno == ERANGE || n < min || n > max)
                return -ERANGE;
        *ret = n;
        return 0;
}

/* Distance with insertion, deletion, substitution and the swap of two neighbours each costing 1 ("optimal string
 * alignment"). Three rows are kept because a swap looks two rows back. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len) {
        size_t rows[3][NEAREST_LEN_MAX + 1] = { 0 };

        for (size_t j = 0; j <= b_len; j++)
                rows[0][j] = j;
        for (size_t i = 1; i <= a_len; i++) {
                size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

                row[0] = i;
                for (size_t j = 1; j <= b_len; j++) {
                        row[j] = MIN(above[j], row[j - 1]) + 1;
                        row[j] = MIN(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = MIN(row[j], above2[j - 2] + 1);
                }
        }
        return rows[a_len % 3][b_len];
}

const char *text_nearest(const char *s, const char *const *candidates, size_t count) {
        size_t len = strlen(s), best = 1 + len / 3;
        const char *nearest = NULL;

        if (len > NEAREST_LEN_MAX)
                return NULL;
        for (size_t i = 0; i < count; i++) {
                size_t candidate_len = strlen(candidates[i]), distance;

                if (candidate_len > NEAREST_LEN_MAX)
                        continue;
                distance = edit_distance(s, len, candidates[i], candidate_len);
                if (distance < MAX(len, candidate_len) && (distance < best || (distance == best && !nearest))) {
                        best = distance;
                        nearest = candidates[i];
                }
        }
        return nearest;
}

static bool in_class(char c, const char *class) {
        for (const char *p = class; *p != '\0'; p++) {
                bool range = p[1] == '-' && p[2] != '\0';

                if (range ? c >= p[0] && c <= p[2] : c == p[0])
                        return true;
                if (range)
                        p += 2;
        }
        return false;
}

bool text_is_name(const char *name, const char *first_class, const char *rest_class, size_t max_len) {
        if (!in_class(name[0], first_class) || strnlen(name, max_len + 1) > max_len)
                return false;
        for (const char *p = name + 1; *p != '\0'; p++)
                if (!in_class(*p, rest_class))
                        return false;
        return true;
}

char **text_list_free(char **list) {
        for (char **p = list; p && *p; p++)
                free(*p);
        free(list);
        return NULL;
}

int text_list_add(char ***list, const char *s) {
        size_t count = text_list_count(*list);
        _cleanup_free_ char *copy = text_dup(s);
        char **grown;

        if (!copy)
                return -ENOMEM;
        grown = reallocarray(*list, count + 2, sizeof(char *));
        if (!grown)
                return -ENOMEM;
        grown[count] = TAKE_PTR(copy);
        grown[count + 1] = NULL;
        *list = grown;
        return 0;
}

size_t text_list_count(char *const *list) {
        size_t count = 0;

        while (list && list[count])
                count++;
        return count;
}
