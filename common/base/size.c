/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/size.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/text.h"

static const struct {
        const char *name;
        uint64_t bytes;
} units[] = {
        { "", 1 },
        { "B", 1 },
        { "KiB", UINT64_C(1) << 10 },
        { "MiB", UINT64_C(1) << 20 },
        { "GiB", UINT64_C(1) << 30 },
        { "TiB", UINT64_C(1) << 40 },
        { "kB", 1000 },
        { "MB", 1000000 },
        { "GB", 1000000000 },
        { "TB", UINT64_C(1000000000000) },
};

int size_parse(const char *text, uint64_t *ret_bytes) {
        uint64_t number = 0;
        const char *at = text;

        for (; *at >= '0' && *at <= '9'; at++)
                if (number > (INT64_MAX - 9) / 10)
                        return -ERANGE;
                else
                        number = number * 10 + (uint64_t)(*at - '0');
        if (at == text)
                return -EINVAL;
        if (*at == ' ' && at[1])
                at++;
        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (text_eq(at, units[i].name)) {
                        if (number > INT64_MAX / units[i].bytes)
                                return -ERANGE;
                        *ret_bytes = number * units[i].bytes;
                        return 0;
                }
        return -EINVAL;
}

char *size_format(uint64_t bytes, char out[SIZE_TEXT_MAX]) {
        static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB" };
        size_t unit = 0;
        double value = (double)bytes;

        for (; value >= 1024 && unit + 1 < ARRAY_SIZE(names); unit++)
                value /= 1024;
        (void)snprintf(out, SIZE_TEXT_MAX, value == (double)(uint64_t)value ? "%.0f %s" : "%.1f %s", value, names[unit]);
        return out;
}
