/* SPDX-License-Identifier: Apache-2.0 */
/* 42 bits of milliseconds last until the year 2109; 21 random bits keep two agents that share a database, or an agent
 * restarted within the millisecond, apart. Within a process, the last id is remembered: when the clock stands still
 * or goes back, the next id is the last one plus one. */
#include "common/base/ident.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/digest.h"

#define RANDOM_BITS 21
#define TIME_MAX ((UINT64_C(1) << 42) - 1)
#define RANDOM_MAX ((UINT32_C(1) << RANDOM_BITS) - 1)
#define DIGITS (IDENT_TEXT_SIZE - 1)

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

uint64_t ident_make(uint64_t realtime_usec, uint32_t random) {
        static uint64_t last;
        uint64_t id = (realtime_usec / USEC_PER_MSEC & TIME_MAX) << RANDOM_BITS | (random & RANDOM_MAX);

        last = id > last ? id : last + 1;
        return last;
}

uint64_t ident_new(void) {
        uint32_t random = 0;

        /* Without randomness (which Linux always has) the time alone still makes it unique within the process. */
        if (random_bytes(&random, sizeof(random)) < 0)
                random = 0;
        return ident_make(clock_realtime_usec(), random);
}

char *ident_format(uint64_t id, char out[IDENT_TEXT_SIZE]) {
        for (int i = DIGITS - 1; i >= 0; i--, id >>= 5)
                out[i] = alphabet[id & 31];
        out[DIGITS] = '\0';
        return out;
}

/* Crockford: case does not matter, and the letters that look like digits are read as them. */
static int digit_value(char c) {
        const char *p;

        if (c >= 'A' && c <= 'Z')
                c = (char)(c - 'A' + 'a');
        if (c == 'i' || c == 'l')
                c = '1';
        if (c == 'o')
                c = '0';
        p = c == '\0' ? NULL : strchr(alphabet, c);
        return p ? (int)(p - alphabet) : -EINVAL;
}

int ident_parse(const char *s, uint64_t *ret) {
        uint64_t id = 0;

        if (strnlen(s, DIGITS + 1) != DIGITS)
                return -EINVAL;
        for (size_t i = 0; i < DIGITS; i++) {
                int digit = digit_value(s[i]);

                if (digit < 0 || id > (uint64_t)INT64_MAX >> 5)
                        return -EINVAL;
                id = id << 5 | (uint64_t)digit;
        }
        *ret = id;
        return 0;
}

uint64_t ident_time_usec(uint64_t id) {
        return (id >> RANDOM_BITS) * USEC_PER_MSEC;
}
