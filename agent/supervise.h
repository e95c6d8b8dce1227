/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd is told: readiness, a live status line, reloads, the stop, and the watchdog while the work really goes on
 * (P10). Without systemd all of it is quiet. The only file with sd-daemon.h is supervise.c. */
#pragma once

#include "agent/services.h"
#include "common/base/buf.h"
#include "common/base/cleanup.h"

struct supervise;

/* `describe` writes the status line; it is asked about once a second. */
int supervise_new(struct services *services, void (*describe)(void *userdata, struct buf *line), void *userdata,
                  struct supervise **ret) _must_check_;
struct supervise *supervise_free(struct supervise *s);
DEFINE_CLEANUP(struct supervise *, supervise_free)

void supervise_ready(struct supervise *s);
void supervise_reloading(struct supervise *s); /* supervise_ready() must follow, also when the reload was refused */
void supervise_stopping(struct supervise *s);  /* from here on the stop timeout is extended while it lasts */
