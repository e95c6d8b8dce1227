/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/log_level.h"

#include <stddef.h>
#include <strings.h>
#include <syslog.h>

#include "common/base/cleanup.h"

static const struct {
        const char *name;
        int level;
} levels[] = {
        { "TRACE", LOG_DEBUG }, { "DEBUG", LOG_DEBUG },     { "INFO", LOG_INFO },
        { "WARN", LOG_WARNING }, { "WARNING", LOG_WARNING }, { "ERROR", LOG_ERR },
};

int log_level_of(const char *name, int otherwise) {
        for (size_t i = 0; name && i < ARRAY_SIZE(levels); i++)
                if (strcasecmp(levels[i].name, name) == 0)
                        return levels[i].level;
        return otherwise;
}
