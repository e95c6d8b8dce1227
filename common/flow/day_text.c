/* SPDX-License-Identifier: Apache-2.0 */
/* The shape first, which is narrower than what ISO 8601 allows, since texts of one shape stand in order. */
#include "common/flow/day_text.h"

#include <ctype.h>

#include "common/flow/condition_date.h"

/* The text has the pattern's length and digits where the pattern has '9'. */
static bool has_shape(const char *text, const char *pattern) {
        for (; *text != '\0' && *pattern != '\0'; text++, pattern++)
                if (*pattern == '9' ? !isdigit((unsigned char)*text) : *text != *pattern)
                        return false;
        return *text == *pattern;
}

bool day_text_is_date(const char *text) {
        struct date ignored;

        return has_shape(text, "9999-99-99") && condition_day(text, &ignored) == 0;
}

bool day_text_is_time(const char *text) {
        bool seconds = has_shape(text, "99:99:99");

        return (seconds || has_shape(text, "99:99")) && (text[0] < '2' || (text[0] == '2' && text[1] < '4')) &&
               text[3] < '6' && (!seconds || text[6] < '6');
}
