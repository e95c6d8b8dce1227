/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/since.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/text.h"

static int parse_short(const char *text, uint64_t *ret_usec) {
        static const struct {
                char unit;
                uint64_t usec;
        } units[] = { { 's', USEC_PER_SEC }, { 'm', USEC_PER_MINUTE }, { 'h', USEC_PER_HOUR }, { 'd', USEC_PER_DAY } };
        size_t len = strlen(text);
        char number[8];
        int64_t n;

        if (len < 2 || len > sizeof(number))
                return -EINVAL;
        memcpy(number, text, len - 1);
        number[len - 1] = '\0';
        if (text_to_i64(number, 0, 999999, &n) < 0)
                return -EINVAL;
        for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
                if (units[i].unit == text[len - 1]) {
                        *ret_usec = (uint64_t)n * units[i].usec;
                        return 0;
                }
        }
        return -EINVAL;
}

int since_parse(const char *text, uint64_t now_usec, uint64_t *ret_usec) {
        uint64_t ago_usec;

        if (parse_short(text, &ago_usec) < 0 && duration_parse(text, &ago_usec) < 0)
                return timestamp_parse(text, ret_usec);
        *ret_usec = usec_sub(now_usec, ago_usec);
        return 0;
}
