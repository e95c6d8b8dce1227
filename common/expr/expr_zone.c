/* SPDX-License-Identifier: Apache-2.0 */
/* The C library knows one zone at a time, that of TZ. There are no threads, so TZ is set for the moment of a question
 * and put back; the rules for dates to come are then the library's business, not ours. */
#include "common/expr/expr_zone.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"

#define DATABASE "/usr/share/zoneinfo/"
#define DAY 86400
#define OFFSET_MAX (18 * 3600)

void zone_fixed(int32_t offset, struct zone *ret) {
        *ret = (struct zone){ .fixed = 1, .offset = offset };
        if (offset == 0)
                (void)snprintf(ret->name, sizeof(ret->name), "Z");
        else
                (void)snprintf(ret->name, sizeof(ret->name), "%c%02d:%02d", offset < 0 ? '-' : '+', abs(offset) / 3600,
                               abs(offset) / 60 % 60);
}

/* "+2", "+02", "+0230", "+02:30"; the whole of s. */
static int parse_offset(const char *s, int32_t *ret) {
        int sign = *s == '-' ? -1 : 1, hours, minutes = 0;
        size_t digits;

        if (*s != '+' && *s != '-')
                return -EINVAL;
        s++;
        digits = strspn(s, "0123456789");
        if (digits == 0 || digits == 3 || digits > 4)
                return -EINVAL;
        hours = digits == 4 ? (s[0] - '0') * 10 + s[1] - '0' : (int)strtol(s, NULL, 10);
        if (digits == 4)
                minutes = (s[2] - '0') * 10 + s[3] - '0';
        s += digits;
        if (digits <= 2 && s[0] == ':' && isdigit((unsigned char)s[1]) && isdigit((unsigned char)s[2])) {
                minutes = (s[1] - '0') * 10 + s[2] - '0';
                s += 3;
        }
        if (*s != '\0' || minutes > 59 || hours * 3600 + minutes * 60 > OFFSET_MAX)
                return -EINVAL;
        *ret = sign * (hours * 3600 + minutes * 60);
        return 0;
}

static int find_fixed(const char *name, struct zone *ret) {
        static const char *const prefixes[] = { "UTC", "GMT", "UT", "" };
        int32_t offset;

        if (strcmp(name, "Z") == 0) {
                zone_fixed(0, ret);
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
                const char *rest = text_after(name, prefixes[i]);

                if (!rest)
                        continue;
                if (*rest == '\0' && *name != '\0') {
                        zone_fixed(0, ret);
                        return 0;
                }
                if (parse_offset(rest, &offset) == 0) {
                        zone_fixed(offset, ret);
                        return 0;
                }
        }
        return -EINVAL;
}

int zone_find(const char *name, struct zone *ret) {
        struct zone z = { .fixed = 0 };
        char path[sizeof(DATABASE) + ZONE_NAME_MAX];

        if (!name) {
                *ret = z;
                return 0;
        }
        if (find_fixed(name, ret) == 0)
                return 0;
        /* The name becomes a path: it must stay inside the database. */
        if (!text_is_name(name, "A-Za-z", "A-Za-z0-9_+/-", ZONE_NAME_MAX - 1))
                return -EINVAL;
        (void)snprintf(path, sizeof(path), DATABASE "%s", name);
        if (access(path, R_OK) < 0)
                return -EINVAL;
        (void)snprintf(z.name, sizeof(z.name), "%s", name);
        *ret = z;
        return 0;
}

static void put_back(const char *tz) {
        if (tz)
                (void)setenv("TZ", tz, 1);
        else
                (void)unsetenv("TZ");
        tzset();
}

/* The zone's clock at that time; UTC when memory is out. */
static void clock_at(const struct zone *z, int64_t utc, struct tm *ret, char abbreviation[ZONE_NAME_MAX]) {
        _cleanup_free_ char *tz = text_dup(getenv("TZ"));
        char value[ZONE_NAME_MAX + 1];
        time_t t = (time_t)utc;

        *ret = (struct tm){ 0 };
        if (z->name[0] != '\0') {
                (void)snprintf(value, sizeof(value), ":%s", z->name);
                (void)setenv("TZ", value, 1);
        }
        tzset();
        (void)localtime_r(&t, ret);
        if (abbreviation)
                (void)snprintf(abbreviation, ZONE_NAME_MAX, "%s", ret->tm_zone ? ret->tm_zone : "UTC");
        if (z->name[0] != '\0')
                put_back(tz);
}

int32_t zone_offset(const struct zone *z, int64_t utc) {
        struct tm tm;

        if (z->fixed)
                return z->offset;
        clock_at(z, utc, &tm, NULL);
        return (int32_t)tm.tm_gmtoff;
}

int64_t zone_to_utc(const struct zone *z, int64_t local) {
        int32_t before = zone_offset(z, local - DAY), after = zone_offset(z, local + DAY);

        if (before != after && zone_offset(z, local - before) != before && zone_offset(z, local - after) == after)
                return local - after;
        return local - before;
}

char *zone_abbreviation(const struct zone *z, int64_t utc, char out[ZONE_NAME_MAX]) {
        struct tm tm;

        if (z->fixed)
                (void)snprintf(out, ZONE_NAME_MAX, "%s", z->name);
        else
                clock_at(z, utc, &tm, out);
        return out;
}
