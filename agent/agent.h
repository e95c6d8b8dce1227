/* SPDX-License-Identifier: Apache-2.0 */
/* The agent as a whole: owns every part, from the configuration to the end of the loop. Included only by those who
 * stand at the top: main.c, agent.c, reload.c, stop.c, commands.c and status_json.c. The floors of this folder, to be read
 * from the bottom up, are listed in tests/lint/layers.py. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/delivery.h"
#include "agent/dispatch.h"
#include "agent/isolation.h"
#include "agent/message_json.h"
#include "agent/services.h"
#include "agent/slots.h"
#include "agent/trigger.h"
#include "common/base/buf.h"
#include "common/config/config.h"

enum stop_phase { STOP_NONE, STOP_DRAINING, STOP_CANCELLING, STOP_NOW };

struct agent {
        struct services services;       /* what the parts borrow */
        struct config *config;
        char *config_path;
        int lock_fd;                    /* state/agent.lock: one agent per state folder */
        sd_event *event;
        struct store *store;
        struct held *held;
        struct clients *clients;
        struct engine_local *engine;
        struct turn *turn;
        struct recovery *recovery;
        struct status_server *status;
        struct supervise *supervise;
        struct isolation isolation;
        struct slots slots;
        struct dispatch dispatch;
        struct deliveries deliveries;
        struct message_json message_json;
        enum stop_phase stop;
        sd_event_source *stop_timer, *house_timer;
        uint64_t started_usec;          /* wall clock */
        uint64_t retain_usec;           /* monotonic: when the store is thinned next */
        struct counters dropped;         /* of triggers that are gone */
};

/* Takes the configuration. 0, or -errno (logged). */
int agent_new(const char *config_path, struct config *config, struct agent **ret) _must_check_;
struct agent *agent_free(struct agent *a);
DEFINE_CLEANUP(struct agent *, agent_free)

/* Runs until the stop is done. 0 or -errno. */
int agent_run(struct agent *a) _must_check_;

void agent_reload(struct agent *a);       /* reload.c: SIGHUP */
void agent_stop(struct agent *a);         /* stop.c: SIGTERM; again for a harder stop */
void agent_stop_check(struct agent *a);   /* stop.c: ends the loop when nothing is left */

/* status_json.c */
int agent_write_status(void *agent, struct buf *out);
void agent_describe(void *agent, struct buf *line);
