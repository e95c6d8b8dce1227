/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the agent share. Made once by agent.c and borrowed by everyone; nothing here is owned. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "agent/liveness.h"
#include "agent/wishes.h"

struct clients;
struct deliveries;
struct held;
struct isolation;
struct message_json;
struct engine;
struct recovery;
struct slots;
struct store;
struct trigger;
struct config;

struct services {
        sd_event *event;
        struct store *store;
        struct clients *clients;
        struct deliveries *deliveries;
        struct slots *slots;
        struct engine *engine;
        struct recovery *recovery;
        struct held *held;
        struct isolation *isolation;
        struct message_json *message_json;
        struct trigger *triggers;    /* all that live, also those a reload replaced */
        struct liveness liveness;
        struct wishes wishes;        /* of the end of turn */
        const struct config *config; /* the running one; a reload replaces it */
        bool stopping;               /* no new receives and no new executions */
        bool store_fails;            /* the same, while the store cannot be used; set by turn.c */
};
