/* SPDX-License-Identifier: Apache-2.0 */
#include "common/flow/truth.h"

#include <string.h>

#include "common/base/cleanup.h"

#define WHITE_SPACE " \t\r\n"

/* A block of YAML text easily has white space around it. */
bool truth_of_text(const char *text) {
        static const char *const false_texts[] = { "false", "0", "-0", "" };
        const char *start = text + strspn(text, WHITE_SPACE);
        size_t len = strlen(start);

        while (len > 0 && strchr(WHITE_SPACE, start[len - 1]))
                len--;
        for (size_t i = 0; i < ARRAY_SIZE(false_texts); i++)
                if (strlen(false_texts[i]) == len && memcmp(false_texts[i], start, len) == 0)
                        return false;
        return true;
}

bool truth_of_value(const struct value *v) {
        switch (value_type(v)) {
        case VALUE_NULL:
                return false;
        case VALUE_BOOL:
                return value_bool(v);
        case VALUE_NUMBER:
                return truth_of_text(value_number(v));
        case VALUE_STRING:
                return truth_of_text(value_string(v));
        default:
                return true;
        }
}
