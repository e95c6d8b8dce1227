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

/* Why the agent cannot start: to the log, and to whoever asks systemd for the service. `error` is 0 or a -errno, which is
 * shown and returned. Needs no supervise: the agent may have nothing yet. */
int supervise_refuse(int error, const char *fmt, ...) _printf_(2, 3);
/* The same without the log, for what was shown already. */
void supervise_explain(const char *text);

/* Before supervise_ready(), while something takes long: systemd waits on, and whoever asks is told what for. Call it as often
 * as you like: it is said once a second. *told_usec is 0 at first and kept between the calls. Needs no supervise. */
void supervise_still_starting(uint64_t *told_usec, const char *what);
void supervise_ready(struct supervise *s);
void supervise_reloading(struct supervise *s); /* supervise_ready() must follow, also when the reload was refused */
void supervise_stopping(struct supervise *s);  /* from here on the stop timeout is extended while it lasts */
