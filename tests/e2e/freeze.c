/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the agent by tests: while a file exists, one part of the agent is stuck and everything else goes on.
 * $SQSFLOW_FREEZE.transfers: transfers are accepted and never begun. $SQSFLOW_FREEZE.leases: the timers of leases, the only
 * ones by boot time, never come. $SQSFLOW_FREEZE.kills: nor do timers that are made while it exists. */
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#define NEVER UINT64_MAX

static bool is_frozen(const char *part) {
        const char *path = getenv("SQSFLOW_FREEZE");
        char file[4096];

        if (!path)
                return false;
        (void)snprintf(file, sizeof(file), "%s.%s", path, part);
        return access(file, F_OK) == 0;
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy) {
        CURLMcode (*next)(CURLM *, CURL *) = (CURLMcode(*)(CURLM *, CURL *))dlsym(RTLD_NEXT, "curl_multi_add_handle");

        return is_frozen("transfers") ? CURLM_OK : next(multi, easy);
}

int sd_event_source_set_time(sd_event_source *source, uint64_t usec) {
        int (*next)(sd_event_source *, uint64_t) = (int (*)(sd_event_source *, uint64_t))dlsym(RTLD_NEXT, "sd_event_source_set_time");
        clockid_t clock = CLOCK_MONOTONIC;

        (void)sd_event_source_get_time_clock(source, &clock);
        return next(source, clock == CLOCK_BOOTTIME && is_frozen("leases") ? NEVER : usec);
}

int sd_event_add_time(sd_event *event, sd_event_source **ret, clockid_t clock, uint64_t usec, uint64_t accuracy,
                      sd_event_time_handler_t callback, void *userdata) {
        int (*next)(sd_event *, sd_event_source **, clockid_t, uint64_t, uint64_t, sd_event_time_handler_t, void *) =
                (int (*)(sd_event *, sd_event_source **, clockid_t, uint64_t, uint64_t, sd_event_time_handler_t,
                         void *))dlsym(RTLD_NEXT, "sd_event_add_time");

        return next(event, ret, clock, is_frozen("kills") ? NEVER : usec, accuracy, callback, userdata);
}
