/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the agent share. Made once by agent.c and borrowed by everyone; nothing here is owned. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "agent/liveness.h"

struct clients;
struct deliveries;
struct dispatch;
struct message_json;
struct engine;
struct recovery;
struct store;
struct trigger;
struct turn;
struct config;

struct services {
        sd_event *event;
        struct store *store;
        struct clients *clients;
        struct deliveries *deliveries;
        struct dispatch *dispatch;
        struct engine *engine;
        struct recovery *recovery;
        struct turn *turn;
        struct message_json *message_json;
        struct trigger *triggers;    /* all that live, also those a reload replaced */
        struct liveness liveness;
        const struct config *config; /* the running one; a reload replaces it */
        bool stopping;               /* no new receives and no new executions */
};
